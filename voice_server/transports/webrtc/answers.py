"""What an answer says of Opus (RFC 7587, section 7), which aiortc leaves out.

Browsers send a copy of each packet in the next one only to who asks for it.
"""

from __future__ import annotations

from aiortc.rtcrtpparameters import RTCRtcpFeedback, RTCRtpCodecParameters
from aiortc.sdp import SessionDescription

COPIES = {"minptime": 10, "useinbandfec": 1}
NACK = RTCRtcpFeedback(type="nack")


def with_opus_wishes(answer: str, offer: str) -> str:
    """The answer, asking for copies of what may be lost; and taking NACK (RFC 4585), where it was offered."""
    described = SessionDescription.parse(answer)
    offered = {
        codec.payloadType for codec in _codecs(SessionDescription.parse(offer)) if NACK in codec.rtcpFeedback
    }
    for codec in _codecs(described):
        codec.parameters.update(COPIES)
        if codec.payloadType in offered:
            codec.rtcpFeedback.append(NACK)
    return str(described)


def _codecs(described: SessionDescription) -> list[RTCRtpCodecParameters]:
    audio = (section for section in described.media if section.kind == "audio")
    return [
        codec for section in audio for codec in section.rtp.codecs if codec.mimeType.lower() == "audio/opus"
    ]
