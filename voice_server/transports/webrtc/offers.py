"""What a client offers: SDP, read and judged before anything is made of it."""

from __future__ import annotations

from dataclasses import dataclass

from aiortc.sdp import MediaDescription, SessionDescription

from voice_server.errors import VoiceServerError

MAX_OFFER_BYTES = 64 * 1024
"""A browser's offer of audio and a data channel has some 3 000; of everything it can, some 20 000."""


class OfferError(VoiceServerError):
    """An offer cannot be answered. `code`: one word for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer that has what a call needs."""

    sdp: str
    ice_username: str
    ice_password: str


def read_offer(sdp: str, *, data_channel: bool = True) -> Offer:
    """Raises OfferError: `bad_sdp`, `no_audio`, or `no_data_channel` where one is needed."""
    media = _parsed(sdp).media
    audio = [section for section in media if section.kind == "audio"]
    if not audio:
        raise OfferError("no_audio", "the offer has no audio: add a track or a transceiver for it")
    if not any(codec.mimeType.lower() == "audio/opus" for codec in audio[0].rtp.codecs):
        raise OfferError("no_audio", "the offer's audio has no Opus")
    if data_channel and not any(section.kind == "application" for section in media):
        raise OfferError("no_data_channel", "the offer has no data channel: create one before the offer")
    return _complete(sdp, media)


def _complete(sdp: str, media: list[MediaDescription]) -> Offer:
    for section in media:
        if section.dtls is None or not section.dtls.fingerprints:
            raise OfferError("bad_sdp", f"no DTLS fingerprint for {section.kind}")
    ice = media[0].ice
    if ice is None or not (ice.usernameFragment and ice.password):
        raise OfferError("bad_sdp", "no ICE user name or password")
    return Offer(sdp, ice.usernameFragment, ice.password)


def _parsed(sdp: str) -> SessionDescription:
    try:
        description = SessionDescription.parse(sdp)
    except Exception as error:  # of a parser that trusts its input, and was given a stranger's
        raise OfferError("bad_sdp", f"the body is not an SDP offer: {type(error).__name__}") from error
    if not description.media:
        raise OfferError("bad_sdp", "the body is not an SDP offer: it has no media")
    return description
