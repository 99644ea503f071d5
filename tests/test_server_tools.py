"""From settings to tools."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.adapters.test_tools_mcp import SERVER
from tests.tools.running import result
from voice_server.errors import ConfigurationError
from voice_server.server_tools import ServerTools, server_tools
from voice_server.settings import load
from voice_server.tool_settings import ToolSettings

MODULE = '''
from voice_server.tools import tool

@tool(timeout_ms=77)
def hello(name: str) -> str:
    """Greet."""
    return f"Hello, {name}!"
'''


@contextmanager
def mounted(settings: ToolSettings) -> Iterator[ServerTools]:
    tools = server_tools(settings)
    try:
        yield tools
    finally:
        tools.close()


@pytest.fixture
def user_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (tmp_path / "tools_of_a_user.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield "tools_of_a_user"
    sys.modules.pop("tools_of_a_user", None)


def test_by_default_there_are_none() -> None:
    with mounted(ToolSettings()) as tools:
        assert tools.runner.specs == ()


async def test_functions_demo_and_mcp_are_mounted_together(tmp_path: Path, user_module: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(
        f'[tools]\ndemo = true\nmodules = ["{user_module}"]\ntimeout_ms = 5000\n'
        f'[tools.mcp.files]\ncommand = ["{sys.executable}", "{SERVER}"]\n'
    )
    with mounted(load(file).tools) as tools:
        limits = {spec.name: spec.timeout_ms for spec in tools.runner.specs}
        assert list(limits)[:5] == ["hello", "current_time", "set_timer", "calculate", "files_add"]
        assert (limits["hello"], limits["calculate"], limits["files_add"]) == (77, 5_000, 5_000)
        assert await result(tools.runner, "hello", name="Ada") == "Hello, Ada!"
        assert await result(tools.runner, "calculate", expression="1+1") == "The result is 2."
        assert await result(tools.runner, "files_add", x=1, y=2) == "3"


def test_modules_are_separated_by_commas_in_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOICE_SERVER_TOOLS__MODULES", "one, other.module")
    monkeypatch.setenv("VOICE_SERVER_TOOLS__OUTPUT_CHARS", "500")
    settings = load()
    assert settings.tools.modules == ("one", "other.module")
    assert settings.policy().tool_output_chars == 500


def test_a_module_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"tools\.modules: no_such_module cannot be imported"):
        server_tools(ToolSettings(modules=("no_such_module",)))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[tools.mcp.files]", "tools.mcp.files: .*either `command` or `url`"),
        (
            '[tools.mcp.files]\ncommand = ["a"]\nurl = "http://b"',
            "tools.mcp.files: .*either `command` or `url`",
        ),
        ('[tools.mcp."my files"]\nurl = "http://b"', "tools.mcp"),
        ('[tools.mcp.files]\ncomand = ["a"]', "comand"),
        ("[tools]\ntimeout_ms = 0", "tools.timeout_ms: "),
    ],
)
def test_settings_that_make_no_sense_are_refused(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=complaint):
        load(file)


def test_headers_and_variables_are_kept_secret(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('[tools.mcp.files]\nurl = "http://b"\nheaders = {Authorization = "Bearer 1234"}')
    settings = load(file).tools
    assert "1234" not in repr(settings)
    assert settings.mcp["files"].headers["Authorization"].get_secret_value() == "Bearer 1234"


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "voice_server.adapters.tools_mcp", raising=False)
    monkeypatch.setitem(sys.modules, "mcp", None)
    settings = ToolSettings.model_validate({"mcp": {"files": {"url": "http://127.0.0.1:1/mcp"}}})
    with pytest.raises(ConfigurationError, match=r"tools\.mcp needs `pip install 'voice-server\[mcp\]'`"):
        server_tools(settings)
