"""Captures that go: the oldest make room for new ones, and what a person wants deleted is."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

SUFFIX = ".jsonl"


def make_room(directory: Path, limit_bytes: int, in_use: Collection[str]) -> list[str]:
    """Delete the oldest captures until all together are no larger. Names begin with their time.

    `in_use` are the names of sessions that still run: those stay. Returns what was deleted.
    """
    sizes = {path.name.removesuffix(SUFFIX): _size(path) for path in sorted(directory.glob(f"*{SUFFIX}"))}
    total, deleted = sum(sizes.values()), []
    for name, size in sizes.items():
        if total <= limit_bytes:
            break
        if name not in in_use:
            for file in files_of(directory / f"{name}{SUFFIX}"):
                file.unlink(missing_ok=True)
            deleted.append(name)
            total -= size
    return deleted


def remove(directory: Path, session: str) -> None:
    """Delete whatever was captured of this session."""
    for trace in directory.glob(f"*{SUFFIX}"):
        if session_of(trace.name.removesuffix(SUFFIX)) == session:
            for file in files_of(trace):
                file.unlink(missing_ok=True)


def session_of(name: str) -> str:
    """Whose capture has this name: it is the time, `Z-` and the session."""
    return name.partition("Z-")[2]


def files_of(trace: Path) -> Iterator[Path]:
    """The trace and the sound that belongs to it."""
    yield trace
    yield from trace.parent.glob(f"{trace.name.removesuffix(SUFFIX)}.*.pcm")


def _size(trace: Path) -> int:
    return sum(file.stat().st_size for file in files_of(trace))
