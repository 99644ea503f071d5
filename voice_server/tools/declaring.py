"""`@tool`: a function with type hints and a docstring becomes something that the language model may call."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, overload

from voice_server.core.tools import OnBargeIn, ToolSpec
from voice_server.errors import ConfigurationError
from voice_server.tools.docstrings import described
from voice_server.tools.signatures import Arguments

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
"""What OpenAI's API takes for a name; others take more."""

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class FunctionTool:
    """A function, and what the model is told of it. Called, it is still the function."""

    spec: ToolSpec
    function: Function
    arguments: Arguments

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self.function(*arguments, **named)


@overload
def tool(function: Function, /) -> FunctionTool: ...
@overload
def tool(
    *, name: str | None = None, timeout_ms: int | None = None, on_barge_in: OnBargeIn = "finish"
) -> Callable[[Function], FunctionTool]: ...
def tool(
    function: Function | None = None,
    /,
    *,
    name: str | None = None,
    timeout_ms: int | None = None,
    on_barge_in: OnBargeIn = "finish",
) -> FunctionTool | Callable[[Function], FunctionTool]:
    """Declare a tool. The schema of its arguments comes from the type hints, what the model reads from the
    docstring: all before its `Args:` describes the tool, the entries of `Args:` its parameters.

    A plain function runs in a thread, an `async` one on the event loop. An async generator gives a result in
    parts: it yields `ToolOutput(text, final=False)` for what is not the last of it, and then what is.
    A call without its whole result after `timeout_ms` has failed; None: the setting's.
    `on_barge_in`: what becomes of a call that runs when the user speaks instead.
    Raises ConfigurationError where the function cannot be a tool.
    """

    def declare(function: Function) -> FunctionTool:
        called = name or str(getattr(function, "__name__", ""))
        _check(function, called)
        parts = described(function)
        arguments = Arguments(function, parts.parameters)
        spec = ToolSpec(called, parts.text, arguments.schema, on_barge_in, timeout_ms)
        return FunctionTool(spec, function, arguments)

    return declare(function) if function else declare


def _check(function: Function, name: str) -> None:
    if not NAME.fullmatch(name):
        raise ConfigurationError(
            f"a tool cannot be called {name!r}: use letters, digits, _ and -, at most 64"
        )
    if inspect.isgeneratorfunction(function):
        raise ConfigurationError(f"the tool {name} is a generator: make it `async def`")
    if not inspect.getdoc(function):
        raise ConfigurationError(f"the tool {name} needs a docstring: it tells the model when to call it")
