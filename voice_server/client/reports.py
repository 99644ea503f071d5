"""When to report the playhead: every 200 ms while a response sounds, and once when it has sounded. Pure."""

from __future__ import annotations

from collections.abc import Iterator

REPORT_INTERVAL_MS = 200


class PlaybackReports:
    """Says which response to report on. Who handles a stop reports at once, and says so here."""

    def __init__(self) -> None:
        self._sounding: int | None = None
        self._next_ms = 0.0

    def stopped(self, response: int) -> None:
        """A stop of this response was obeyed and reported."""
        if self._sounding == response:
            self._sounding = None

    def due(self, now_ms: float, sounding: int | None) -> Iterator[int]:
        """The responses to report on now; `sounding` is the one that sounds at `now_ms`."""
        if sounding != self._sounding:
            if self._sounding is not None:
                yield self._sounding
            self._sounding = sounding
            self._next_ms = now_ms + REPORT_INTERVAL_MS
        elif sounding is not None and now_ms >= self._next_ms:
            yield sounding
            self._next_ms += REPORT_INTERVAL_MS
