"""Commands with many options: the options are the fields of a dataclass, the command takes the dataclass."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeVar, get_type_hints

Options = TypeVar("Options")


def with_options(
    options: Callable[..., Options],
) -> Callable[[Callable[[Options], None]], Callable[..., None]]:
    """Make a function of one dataclass a command whose options are the dataclass's fields.

    Each field is annotated as Typer wants it: `Annotated[TYPE, typer.Option(…)] = DEFAULT`.
    """
    hints = get_type_hints(options, include_extras=True)
    parameters = [
        parameter.replace(annotation=hints[parameter.name], kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in inspect.signature(options).parameters.values()
    ]

    def decorate(function: Callable[[Options], None]) -> Callable[..., None]:
        def command(**fields: Any) -> None:
            function(options(**fields))

        command.__name__, command.__doc__ = function.__name__, function.__doc__
        command.__annotations__ = hints
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return command

    return decorate
