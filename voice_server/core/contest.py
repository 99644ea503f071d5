"""Whose floor it is, after a sound over the assistant's voice.

The answer was held at the first sound, which is cheap to take back; here it is decided whether to.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from voice_server.core import lexicon
from voice_server.core.policy import Policy


class Verdict(Enum):
    """What became of it."""

    WAIT = "not decided yet"
    CONFIRM = "the user takes the floor"
    TAKE_BACK = "a noise or a backchannel: the answer goes on"


@dataclass(frozen=True, slots=True)
class Sound:
    """What is known of the sound so far. `text` is None until a transcript has come."""

    speaking: bool
    speech_ms: int
    text: str | None
    complete: bool
    """Whether `text` covers the whole sound, which has ended."""


def verdict(sound: Sound, policy: Policy) -> Verdict:
    """Decide on what is known. Words decide before length: a long noise has none."""
    if sound.text is None:
        return Verdict.WAIT
    said = lexicon.words(sound.text)
    if lexicon.has_stop_word(sound.text):
        return Verdict.CONFIRM
    if said and not lexicon.is_backchannel(sound.text):
        return Verdict.CONFIRM
    if said and sound.speech_ms >= policy.confirm_speech_ms and sound.speaking:
        return Verdict.CONFIRM
    if sound.complete or (not said and sound.speech_ms >= policy.confirm_speech_ms):
        return Verdict.TAKE_BACK
    return Verdict.WAIT
