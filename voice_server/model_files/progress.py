"""How a download says how far it is."""

from __future__ import annotations

from collections.abc import Callable

Report = Callable[[str, int, int | None], None]
"""`report(what, done_bytes, total_bytes)`, called now and then; the total is None while it is not known."""
