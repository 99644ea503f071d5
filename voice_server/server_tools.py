"""The server's own tools, composed from the settings: functions of modules, the demo set, MCP servers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import SecretStr

from voice_server.errors import ConfigurationError
from voice_server.ports import NoTools, ToolRunner
from voice_server.tool_settings import McpSettings, ToolSettings
from voice_server.tools.demo import demo_tools
from voice_server.tools.functions import FunctionTools
from voice_server.tools.modules import tools_in
from voice_server.tools.several import SeveralTools


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class ServerTools:
    """The tools, and how they end."""

    runner: ToolRunner = field(default_factory=NoTools)
    close: Callable[[], None] = _nothing
    """Ends MCP servers that were started. Takes up to seconds."""


def server_tools(settings: ToolSettings) -> ServerTools:
    """Import the modules and connect to the MCP servers; takes up to ten seconds where one is slow.

    Raises ConfigurationError where a module cannot be used, or the extra for MCP is missing.
    """
    demo = demo_tools() if settings.demo else ()
    runners: list[ToolRunner] = [FunctionTools([*tools_in(settings.modules), *demo])]
    if not settings.mcp:
        return ServerTools(SeveralTools(runners, settings.timeout_ms))
    mounted, close = _mounted(settings.mcp)
    return ServerTools(SeveralTools([*runners, mounted], settings.timeout_ms), close)


def _mounted(servers: Mapping[str, McpSettings]) -> tuple[ToolRunner, Callable[[], None]]:
    try:
        from voice_server.adapters.tools_mcp import McpServer, McpTools
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"tools.mcp needs `pip install 'voice-server[mcp]'` ({error})") from None
    tools = McpTools(
        [
            McpServer(name, each.command, each.url, _revealed(each.env), _revealed(each.headers))
            for name, each in servers.items()
        ]
    )
    return tools, tools.close


def _revealed(secrets: Mapping[str, SecretStr]) -> dict[str, str]:
    return {name: secret.get_secret_value() for name, secret in secrets.items()}
