"""Who may create tasks, and that nobody swallows a cancellation. Linters do not see the second."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.architecture.source import Module, modules

MAY_CREATE_TASKS = {
    "voice_server/runtime/session.py": "the one task group of a session",
    "voice_server/runtime/connection.py": "the one task group of a connection",
    "voice_server/runtime/sessions.py": "sessions outlive the connections that began them",
    "voice_server/transports/realtime/sideband.py": "one who listens in: told, and heard, at the same time",
    "voice_server/client/": "a call on the client's side: speaking and listening",
    "voice_server/bench/": "many clients at once",
    "voice_server/replaying/": "a session, beside the clock that drives it",
    "voice_server/cli/": "a client or a server of its own, as long as the command runs",
}
MAY_SWALLOW_CANCELLATION: dict[str, str] = {}
CREATORS = {"create_task", "ensure_future", "gather", "TaskGroup"}
CANCELLATION = {"CancelledError", "BaseException", "BaseExceptionGroup"}


def test_only_the_session_creates_tasks() -> None:
    creators = [
        module.at(node)
        for module in modules()
        if not module.is_in(*MAY_CREATE_TASKS)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and _last_name(node.func) in CREATORS
    ]
    assert not creators, "\n".join(creators)


def test_nobody_swallows_a_cancellation() -> None:
    swallowed = [
        where
        for module in modules()
        if not module.is_in(*MAY_SWALLOW_CANCELLATION)
        for where in _swallowed(module)
    ]
    assert not swallowed, "\n".join(swallowed)


def _swallowed(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        match node:
            case ast.ExceptHandler() if _catches_cancellation(node.type) and not _raises(node):
                yield module.at(node)
            case ast.Call() if _last_name(node.func) == "suppress" and any(
                map(_catches_cancellation, node.args)
            ):
                yield module.at(node)


def _catches_cancellation(caught: ast.expr | None) -> bool:
    """Whether `except caught:` catches CancelledError. A bare `except:` catches everything."""
    if caught is None:
        return True
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(_last_name(name) in CANCELLATION for name in names)


def _raises(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Raise) for statement in handler.body for node in ast.walk(statement))


def _last_name(expression: ast.expr) -> str | None:
    """`asyncio.create_task` → create_task."""
    match expression:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return None
