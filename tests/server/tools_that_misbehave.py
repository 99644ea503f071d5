"""Tools as a server may be given them by mistake."""

from __future__ import annotations

import threading

from voice_server.tools import tool


@tool
def raise_error() -> str:
    """Raise an error.

    Example: Raise an error. -> {}
    """
    raise OSError("the disk is full")


@tool(timeout_ms=500)
def hang_for_ever() -> str:
    """Never come back.

    Example: Hang for ever. -> {}
    """
    threading.Event().wait()
    return "never"


@tool
def read_a_book() -> str:
    """Give ten megabytes.

    Example: Read me a book. -> {}
    """
    return "word " * 2_000_000
