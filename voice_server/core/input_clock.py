"""Two clocks: the input clock counts the sound that came in, the session clock the time that passed."""

from __future__ import annotations


class InputClock:
    """Tells one from the other, if sound has kept coming since it was last set."""

    def __init__(self) -> None:
        self._lag_ms = 0

    def set(self, heard_ms: int, now_ms: int) -> None:
        """The input clock stands at `heard_ms` now."""
        self._lag_ms = now_ms - heard_ms

    def at(self, now_ms: int) -> int:
        """The input clock at this moment of the session."""
        return max(0, now_ms - self._lag_ms)

    def session_ms(self, at_ms: int) -> int:
        """The moment of the session at which the input clock stood at `at_ms`."""
        return at_ms + self._lag_ms
