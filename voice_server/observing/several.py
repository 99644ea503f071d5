"""Several observers as one. One that fails is not asked again: looking on must not end a conversation."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

from voice_server.core.commands import Fact
from voice_server.core.trace import Decision
from voice_server.observers import Now, Observer, SessionObserver
from voice_server.ports import AudioFrame, Farewell, Models, Notice, Opened

logger = logging.getLogger(__name__)

T = TypeVar("T", Observer, SessionObserver)


class Several(Observer):
    """All of these look on at the process."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = list(observers)

    def connected(self) -> None:
        """Tell all."""
        _tell(self._observers, lambda each: each.connected())

    def disconnected(self, lasted_ms: int) -> None:
        """Tell all."""
        _tell(self._observers, lambda each: each.disconnected(lasted_ms))

    def refused(self, code: str) -> None:
        """Tell all."""
        _tell(self._observers, lambda each: each.refused(code))

    def resumed(self, found: bool) -> None:
        """Tell all."""
        _tell(self._observers, lambda each: each.resumed(found))

    def captures(self, asked: bool) -> bool:
        """Whether one of them does."""
        return any(each.captures(asked) for each in self._observers)

    def opened(self, opened: Opened, now: Now) -> SessionObserver:
        """Each looks on at the session in its own way."""
        sessions: list[SessionObserver] = []
        _tell(self._observers, lambda each: sessions.append(each.opened(opened, now)))
        return SeveralInSession(sessions)

    def deleted(self, session: str) -> None:
        """Tell all."""
        _tell(self._observers, lambda each: each.deleted(session))

    def ran(self, model: str, waited_ms: float, ran_ms: float) -> None:
        """Tell all."""
        _tell(self._observers, lambda each: each.ran(model, waited_ms, ran_ms))


class SeveralInSession(SessionObserver):
    """All of these look on at one session."""

    def __init__(self, observers: Sequence[SessionObserver]) -> None:
        self._observers = list(observers)

    def received(self, data: str | bytes) -> None:
        """Tell all."""
        _tell(self._observers, lambda each: each.received(data))

    def handled(self) -> None:
        """Tell all."""
        _tell(self._observers, lambda each: each.handled())

    def sent(self, item: Fact | Notice, seq: int, t_ms: int, messages: Sequence[str]) -> None:
        """Tell all."""
        _tell(self._observers, lambda each: each.sent(item, seq, t_ms, messages))

    def sent_audio(self, frame: AudioFrame, messages: Sequence[str]) -> None:
        """Tell all."""
        _tell(self._observers, lambda each: each.sent_audio(frame, messages))

    def exchanged(self, rtt_ms: int) -> None:
        """Tell all."""
        _tell(self._observers, lambda each: each.exchanged(rtt_ms))

    def decided(self, decision: Decision) -> None:
        """Tell all."""
        _tell(self._observers, lambda each: each.decided(decision))

    def watched(self, models: Models) -> Models:
        """One listens in on what the other hands on."""
        for each in self._observers:
            models = each.watched(models)
        return models

    def closed(self, farewell: Farewell | None) -> None:
        """Tell all."""
        _tell(self._observers, lambda each: each.closed(farewell))


def _tell(observers: list[T], tell: Callable[[T], object]) -> None:
    for each in tuple(observers):
        try:
            tell(each)
        except Exception:
            logger.exception("%s failed, and looks on no longer", type(each).__name__)
            observers.remove(each)
