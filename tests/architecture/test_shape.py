"""The sizes and names that keep the code small, and the docstrings where others build on it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import PurePath
from statistics import mean

import pytest

from tests.architecture.source import Function, Module, modules

MAX_MODULE_LINES = 400
MAX_CORE_MODULE_LINES = 300
MAX_FUNCTION_LINES = 60
MAX_PARAMETERS = 7
NAMES_THAT_SAY_NOTHING = {"common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}
DOCUMENTED = ("voice_server/ports.py", "voice_server/core/", "voice_server/protocol/")


def test_modules_are_short() -> None:
    too_long = []
    for module in modules():
        lines = len(module.text.splitlines())
        if lines > (MAX_CORE_MODULE_LINES if module.is_in("voice_server/core/") else MAX_MODULE_LINES):
            too_long.append(f"{module.path} has {lines} lines: which noun hides in it?")
    assert not too_long, "\n".join(too_long)


def test_functions_are_short(capsys: pytest.CaptureFixture[str]) -> None:
    lengths = {m.at(function): _body_lines(function) for m in modules() for function in m.functions()}
    longest = max(lengths, key=lambda name: lengths[name])
    with capsys.disabled():
        print(
            f"\n{len(lengths)} functions, {mean(lengths.values()):.1f} lines on average; "
            f"the longest, {lengths[longest]}: {longest}"
        )
    too_long = [f"{name}: {lines} lines" for name, lines in lengths.items() if lines > MAX_FUNCTION_LINES]
    assert not too_long, "\n".join(too_long)


def _body_lines(function: Function) -> int:
    """From the first line to the last, without the docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function) is None:
        return lines
    docstring = function.body[0]
    return lines - ((docstring.end_lineno or docstring.lineno) - docstring.lineno + 1)


def test_functions_take_few_parameters() -> None:
    takes = {m.at(function): _parameters(function) for m in modules() for function in m.functions()}
    too_many = [f"{name}: {count} parameters" for name, count in takes.items() if count > MAX_PARAMETERS]
    assert not too_many, "\n".join(too_many)


def _parameters(function: Function) -> int:
    arguments = function.args
    named = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    rest = [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
    return len([name for name in named if name not in ("self", "cls")]) + len(rest)


def test_modules_are_called_after_what_they_hold() -> None:
    words = {
        m.path: {word for part in PurePath(m.path).with_suffix("").parts for word in part.split("_")}
        for m in modules()
    }
    assert [path for path in words if words[path] & NAMES_THAT_SAY_NOTHING] == []


def test_what_others_build_on_is_documented() -> None:
    bare = [name for module in modules() if module.is_in(*DOCUMENTED) for name in _undocumented(module)]
    assert not bare, "\n".join(bare)


def _undocumented(module: Module) -> Iterator[str]:
    if ast.get_docstring(module.tree) is None:
        yield module.path
    for node in module.tree.body:
        if isinstance(node, Function) and _lacks_docstring(node):
            yield module.at(node)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            if ast.get_docstring(node) is None and not _is_plain_data(node):
                yield module.at(node)
            yield from (module.at(method) for method in node.body if _lacks_docstring(method))


def _lacks_docstring(node: ast.stmt) -> bool:
    return isinstance(node, Function) and not node.name.startswith("_") and ast.get_docstring(node) is None


def _is_plain_data(node: ast.ClassDef) -> bool:
    """Only annotated fields, and simple values as a tag or a configuration: its name and fields say all."""
    return all(isinstance(statement, ast.AnnAssign | ast.Assign | ast.Pass) for statement in node.body)
