"""The settings of the server's own tools."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints, model_validator

from voice_server.core.policy import Policy
from voice_server.section import Milliseconds, Names, Section

ServerName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9-]{1,32}$")]


class McpSettings(Section):
    """One MCP server: `command` or `url`."""

    command: tuple[str, ...] = ()
    """A program and its arguments: it is started, and speaks MCP on its standard input and output."""
    url: str | None = None
    """Or a server that speaks streamable HTTP, as in `http://127.0.0.1:9000/mcp`."""
    env: dict[str, SecretStr] = Field(default_factory=dict)
    """Variables for the program; of the server's own it gets `PATH`, `HOME` and the like."""
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    """For each request to `url`, such as `Authorization`."""

    @model_validator(mode="after")
    def _one_of_two(self) -> McpSettings:
        if bool(self.command) == bool(self.url):
            raise ValueError("expected either `command` or `url`")
        return self


class ToolSettings(Section):
    """Tools that every session has: see [how to write and mount them](../howto/tools.md)."""

    demo: bool = False
    """The time, a timer and a calculator, to try it with."""
    modules: Names = ()
    """Python modules that have functions with `@tool`: installed, or files where the server is started."""
    timeout_ms: Milliseconds = 30_000
    """A call without its result by then has failed, unless its tool sets a time of its own."""
    output_chars: Annotated[int, Field(ge=100)] = Policy().tool_output_chars
    """As much as the model is shown of one result, also of a client's tool."""
    mcp: dict[ServerName, McpSettings] = Field(default_factory=dict)
    """MCP servers: tables such as `[tools.mcp.files]`, with `command` or `url`. Needs the extra `mcp`."""
