"""What a docstring says of a function and its parameters, in the style of Google or of Sphinx."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from inspect import getdoc
from itertools import takewhile

_SECTION = re.compile(r"^(Args|Arguments|Parameters|Returns|Yields|Raises|Note|Notes):\s*$")
_SPHINX = re.compile(r"^:(?:param(?: [^:]+)? (\w+)|\w+[^:]*):\s*(.*)$")
_ENTRY = re.compile(r"^\s+\**(\w+)(?: *\([^)]*\))?:\s*(.*)$")
_PARAMETERS = ("Args", "Arguments", "Parameters")


@dataclass(frozen=True, slots=True)
class Described:
    """A docstring in its parts."""

    text: str = ""
    """All before the sections, with its lines as they are."""
    parameters: dict[str, str] = field(default_factory=dict)
    """By name; each on one line."""


def described(function: Callable[..., object]) -> Described:
    """The parts of the function's docstring; empty ones where it has none."""
    lines = (getdoc(function) or "").splitlines()
    prose = list(takewhile(lambda line: not (_SECTION.match(line) or _SPHINX.match(line)), lines))
    return Described("\n".join(prose).strip(), _parameters(lines[len(prose) :]))


def _parameters(lines: list[str]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    section, name = "", ""
    for line in lines:
        if opened := _SECTION.match(line):
            section, name = opened[1], ""
        elif sphinx := _SPHINX.match(line):
            section, name = "", sphinx[1] or ""
            found.setdefault(name, []).append(sphinx[2])
        elif section in _PARAMETERS and (entry := _ENTRY.match(line)) and not _continues(line, lines):
            name = entry[1]
            found.setdefault(name, []).append(entry[2])
        elif name and line.strip():
            found[name].append(line.strip())
    return {name: " ".join(texts).strip() for name, texts in found.items() if name}


def _continues(line: str, lines: list[str]) -> bool:
    """Whether it is indented further than the entries are: then it goes on with one of them."""
    indented = [len(each) - len(each.lstrip()) for each in lines if each.startswith(" ") and each.strip()]
    return len(line) - len(line.lstrip()) > min(indented)
