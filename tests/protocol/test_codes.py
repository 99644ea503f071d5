"""Every code that a client can meet is explained."""

from __future__ import annotations

import ast
from pathlib import Path

import voice_server.core
from voice_server.protocol.codes import CLOSE_MEANINGS, ERROR_MEANINGS, CloseCode, ErrorCode


def codes_of_the_core() -> set[str]:
    """The first arguments of `Trouble(...)` in the core's source."""
    folder = Path(voice_server.core.__file__).parent
    calls = [
        node
        for file in folder.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Trouble"
    ]
    return {ast.literal_eval(call.args[0]) for call in calls}


def test_all_codes_are_explained() -> None:
    assert set(ERROR_MEANINGS) == set(ErrorCode)
    assert set(CLOSE_MEANINGS) == set(CloseCode)


def test_the_codes_of_the_core_are_among_them() -> None:
    found = codes_of_the_core()
    assert found
    assert found <= set(ErrorCode)
