"""Finding tools in modules of the user's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from voice_server.errors import ConfigurationError
from voice_server.tools.modules import tools_in

TOOL = '''
from voice_server.tools import tool

@tool
def {name}() -> str:
    """Do {name}."""
    return "{name}"
'''


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    before, path = set(sys.modules), list(sys.path)
    (tmp_path / "package_of_tools").mkdir()
    (tmp_path / "package_of_tools" / "__init__.py").touch()
    (tmp_path / "package_of_tools" / "inner.py").write_text(TOOL.format(name="inner"))
    importing = "from package_of_tools.inner import inner as again, inner\n"
    (tmp_path / "module_of_tools.py").write_text(importing + TOOL.format(name="outer"))
    (tmp_path / "module_of_nothing.py").write_text("tool = 1\n")
    (tmp_path / "module_that_fails.py").write_text("1 / 0\n")
    (tmp_path / "module_of_bad_tools.py").write_text(TOOL.format(name="bad").replace('"""Do bad."""', "pass"))
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_every_tool_is_found_once(directory: Path) -> None:
    found = tools_in(["module_of_tools", "package_of_tools.inner"], directory)
    assert [tool.spec.name for tool in found] == ["inner", "outer"]


def test_modules_lie_where_the_server_is_started(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(directory)
    assert [tool.spec.name for tool in tools_in(["module_of_tools"])] == ["inner", "outer"]


@pytest.mark.parametrize(
    ("module", "complaint"),
    [
        ("no_such_module", r"tools\.modules: no_such_module cannot be imported: ModuleNotFoundError"),
        ("module_that_fails", "module_that_fails cannot be imported: ZeroDivisionError"),
        ("module_of_nothing", "module_of_nothing has no function with @tool"),
        ("module_of_bad_tools", "the tool bad needs a docstring"),
    ],
)
def test_what_cannot_be_used_is_explained(directory: Path, module: str, complaint: str) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        tools_in([module], directory)
