"""Tools in modules of the user's own."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from voice_server.errors import ConfigurationError
from voice_server.tools.declaring import FunctionTool


def tools_in(modules: Sequence[str], directory: Path | None = None) -> tuple[FunctionTool, ...]:
    """Everything in these modules that `@tool` made, in order and once. Named as `import` wants it.

    Installed packages are found, and what lies in `directory`, by default where the server was started.
    Raises ConfigurationError where a module cannot be imported or has no tools.
    """
    path = str(directory or Path.cwd())
    if path not in sys.path:
        sys.path.append(path)  # last, so that no file there can stand in for an installed package
    found = [tool for module in modules for tool in _tools_of(module)]
    return tuple({id(tool): tool for tool in found}.values())


def _tools_of(module: str) -> list[FunctionTool]:
    try:
        imported = importlib.import_module(module)
    except ConfigurationError:
        raise
    except Exception as error:
        raise ConfigurationError(
            f"tools.modules: {module} cannot be imported: {type(error).__name__}: {error}"
        ) from error
    tools = [value for value in vars(imported).values() if isinstance(value, FunctionTool)]
    if not tools:
        raise ConfigurationError(f"tools.modules: {module} has no function with @tool")
    return tools
