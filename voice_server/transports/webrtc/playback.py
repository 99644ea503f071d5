"""Where the client's loudspeaker is: by what was put on the wire, and how long it takes to sound.

A WebRTC client that tells nothing can still be followed: what was sent sounds after the way there, half the
round trip, and the wait in the client's own jitter buffer, whose depth follows the jitter that the client
reports (RTCP receiver reports, RFC 3550, 6.4.2).
"""

from __future__ import annotations

from collections import deque

from voice_server.audio.rates import samples_to_ms
from voice_server.core.events import PlaybackReported
from voice_server.transports.webrtc.libopus import RATE_HZ

MIN_BUFFER_MS = 40
"""What a client's jitter buffer holds at the least: a packet that plays, and one more."""
BUFFER_PER_JITTER = 3
"""NetEq, Chromium's, aims at the 95th percentile of lateness; of jitter's usual distributions that is 3 J."""
REPORT_MS = 200
"""As often as a client with reports of its own."""


class PlaybackEstimate:
    """One call's playback. Times are of any clock that does not go back."""

    def __init__(self) -> None:
        self._sent: deque[tuple[int, int, int]] = deque()  # when, response, position in samples
        self._reported: PlaybackReported | None = None
        self._due_ms = 0
        self._needed = True
        self.delay_ms = MIN_BUFFER_MS
        """From the wire to the ear."""

    def give_way(self) -> None:
        """The client itself tells what it has played: nothing more is estimated, or kept for it."""
        self._needed = False
        self._sent.clear()

    def measured(self, round_trip_ms: float, jitter_ms: float) -> None:
        """The client has reported on what it receives."""
        self.delay_ms = round(round_trip_ms / 2 + max(MIN_BUFFER_MS, BUFFER_PER_JITTER * jitter_ms))

    def sent(self, response: int, position: int, at_ms: int) -> None:
        """So much of the response, in samples, has been put on the wire."""
        if self._needed:
            self._sent.append((at_ms, response, position))

    def report(self, now_ms: int) -> PlaybackReported | None:
        """What has sounded by now; None if nothing new, or if the last report was a moment ago."""
        if now_ms < self._due_ms:
            return None
        sounded = None
        while self._sent and self._sent[0][0] + self.delay_ms <= now_ms:
            sounded = self._sent.popleft()
        if sounded is None:
            return None
        self._due_ms = now_ms + REPORT_MS
        return self._new(sounded)

    def cut(self) -> PlaybackReported | None:
        """No more will be sent; what has left will sound, as nobody can empty the client's own buffer."""
        last = self._sent[-1] if self._sent else None
        self._sent.clear()
        return self._new(last) if last else None

    def _new(self, sent: tuple[int, int, int]) -> PlaybackReported | None:
        _, response, position = sent
        report = PlaybackReported(response, samples_to_ms(position, RATE_HZ))
        if report == self._reported:
            return None
        self._reported = report
        return report
