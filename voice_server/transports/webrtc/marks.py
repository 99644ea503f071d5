"""Which RTP time stamp is which moment of which response.

With it a client knows to the sample what it plays: browsers tell the time stamp of what sounds
(RTCRtpReceiver.getSynchronizationSources, https://www.w3.org/TR/webrtc/).
"""

from __future__ import annotations

from dataclasses import dataclass

from voice_server.audio.jitter import TIMESTAMPS
from voice_server.transports.webrtc.downlink import Sent


@dataclass(frozen=True, slots=True)
class Mark:
    """From this time stamp on the response sounds, from this sample on: `sent` None, there is silence."""

    rtp: int
    sent: Sent | None


class Marks:
    """One track's. To be told of every packet."""

    def __init__(self) -> None:
        self._course: tuple[int, int] | None = None
        """The response, and the time stamp of its first sample, were it sent without a break."""

    def packet(self, rtp: int, sent: Sent | None) -> Mark | None:
        """The packet with this time stamp: a mark if it does not go on as the last one did."""
        course = (sent.response, (rtp - sent.start) % TIMESTAMPS) if sent else None
        if course == self._course:
            return None
        self._course = course
        return Mark(rtp, sent)
