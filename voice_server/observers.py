"""Those who look on: logs, metrics, captures. One seam for all of them, so that nobody scatters calls.

The base classes see nothing, and are what is used where nobody looks on. A call comes from the event loop,
is quick, never waits and never raises; what takes time is handed to a thread of the observer's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from voice_server.core.commands import Fact
from voice_server.core.trace import Decision
from voice_server.ports import AudioFrame, Farewell, Models, Notice, Opened

Now = Callable[[], int]
"""The session clock: milliseconds since the session began."""


class SessionObserver:
    """Looks on at one session."""

    def received(self, data: str | bytes) -> None:
        """A message or a frame came from the client; nobody has looked at it yet."""

    def handled(self) -> None:
        """The session has done what the last one asked for, and takes the next."""

    def sent(self, item: Fact | Notice, seq: int, t_ms: int, messages: Sequence[str]) -> None:
        """The client was told; arguments and `messages` as of `ports.Link.send`."""

    def sent_audio(self, frame: AudioFrame, messages: Sequence[str]) -> None:
        """A frame left, and `messages` with it, as of `ports.Link.send_audio`."""

    def exchanged(self, rtt_ms: int) -> None:
        """The client has answered a ping, after so long."""

    def decided(self, decision: Decision) -> None:
        """The core was told something, and has decided."""

    def watched(self, models: Models) -> Models:
        """The models as the session is to use them: these, or these with somebody who notes what they say."""
        return models

    def closed(self, farewell: Farewell | None) -> None:
        """The session is over. None: the client was lost."""


class Observer:
    """Looks on at the whole process. `ran` may come from any thread."""

    def connected(self) -> None:
        """Somebody is at the door."""

    def disconnected(self, lasted_ms: int) -> None:
        """A connection is closed, whatever became of it."""

    def refused(self, code: str) -> None:
        """A connection did not become a session. `code` as in the error that it was sent."""

    def resumed(self, found: bool) -> None:
        """A client wanted to come back to its session; whether that was there."""

    def captures(self, asked: bool) -> bool:
        """Whether a session that begins now is captured. `asked`: whether its client wants that."""
        return False

    def opened(self, opened: Opened, now: Now) -> SessionObserver:
        """A session begins."""
        return SessionObserver()

    def deleted(self, session: str) -> None:
        """Nothing of this session is to be kept. Where it runs, it is about to end."""

    def ran(self, model: str, waited_ms: float, ran_ms: float) -> None:
        """A piece of work for a model has waited and run so long."""
