"""How much work an answer is worth while the user still speaks: its first words, and no sound."""

from __future__ import annotations

from collections.abc import Callable

from voice_server.core.commands import Command, FinishAudio, Pause, Proceed, Synthesize


class Draft:
    """One answer's, until it is sure that it answers the right question."""

    def __init__(self, response: int, emit: Callable[[Command], None]) -> None:
        self.unsure = False
        self.resting = False
        """No work goes into its text, for now."""
        self._response = response
        self._emit = emit
        self._postponed: list[Synthesize | FinishAudio] = []

    def order(self, order: Synthesize | FinishAudio) -> None:
        """Have this done, at once or when it is sure."""
        if self.unsure:
            self._postponed.append(order)
        else:
            self._emit(order)

    def rest(self) -> None:
        """The last words are being looked for: the cores are better used for that."""
        if self.unsure and not self.resting:
            self.resting = True
            self._emit(Pause(self._response))

    def go_on(self) -> None:
        """The last words that were found are those that it answers."""
        if self.resting:
            self.resting = False
            self._emit(Proceed(self._response))

    def make_sure(self) -> None:
        """These were the user's last words, it seems."""
        self.unsure = False
        self.go_on()
        for order in self._postponed:
            self._emit(order)
        self._postponed.clear()
