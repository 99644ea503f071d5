"""What was understood: words, loops, and how far the partial transcripts were behind the speech. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from voice_server.bench.clips import Clip
from voice_server.bench.levels import Span
from voice_server.bench.words import normalized, recognized, word_errors
from voice_server.client.call import Recording

LOOP_RATIO = 2.4
"""Text that compresses better than this repeats itself (whisper, `compression_ratio_threshold`)."""


@dataclass(frozen=True, slots=True)
class TranscriptOutcome:
    """How the transcripts of one utterance came out."""

    text: str
    """The final transcripts, joined."""
    errors: int
    words: int
    looped: bool
    lags_ms: tuple[float, ...]
    """For each word that was understood: from when it had been spoken to the first transcript that has it."""


def measure_transcripts(recording: Recording, clip: Clip, at_ms: float) -> TranscriptOutcome:
    """Measure a session in which `clip` sounded once, its first sample at `at_ms`."""
    text = final_text(recording)
    errors, words = word_errors(clip.transcript or "", text)
    lags_ms = _lags_ms(recording, spoken_words(clip), at_ms)
    return TranscriptOutcome(text, errors, words, loops(text), lags_ms)


def final_text(recording: Recording) -> str:
    """What the server in the end took the user to have said: the last final of each turn."""
    finals = recording.log.received("transcript.final")
    return " ".join({entry.message["turn"]: str(entry.message["text"]) for entry in finals}.values())


def loops(text: str) -> bool:
    """Whether the text repeats itself as a model's loop does."""
    data = text.encode()
    return len(data) > 0 and len(data) / len(zlib.compress(data)) > LOOP_RATIO


def spoken_words(clip: Clip) -> list[tuple[str, float]]:
    """The words that count, and when each had been spoken, in ms from the clip's first sample.

    From `Clip.word_ends_ms`, else shared out over the speech by letters, which is right to 0.2 s or so.
    """
    said = (clip.transcript or "").split()
    ends_ms = clip.word_ends_ms or _shared_out(said, clip)
    return [(part, end) for word, end in zip(said, ends_ms, strict=True) for part in normalized(word)]


def _shared_out(words: Sequence[str], clip: Clip) -> list[float]:
    spoken_ms = sum(end - begin for begin, end in clip.speech_ms)
    letters = sum(len(word) for word in words)
    so_far = accumulate(len(word) for word in words)
    return [_at_share(spoken_ms * count / letters, clip.speech_ms) for count in so_far]


def _at_share(elapsed_ms: float, speech_ms: Sequence[Span]) -> float:
    """The moment at which so much speech, pauses not counted, has sounded."""
    for begin, end in speech_ms:
        if elapsed_ms <= end - begin + 1e-6:
            return begin + elapsed_ms
        elapsed_ms -= end - begin
    return speech_ms[-1][1]


def _lags_ms(recording: Recording, words: Sequence[tuple[str, float]], at_ms: float) -> tuple[float, ...]:
    reference = [word for word, _end in words]
    first_ms: dict[int, float] = {}
    latest: dict[int, list[str]] = {}
    for entry in recording.log.received("transcript.partial", "transcript.final"):
        latest[int(entry.message["turn"])] = normalized(str(entry.message["text"]))
        so_far = [word for turn in latest.values() for word in turn]
        for index in recognized(reference, so_far) - first_ms.keys():
            first_ms[index] = recording.log.time_ms(entry)
    return tuple(first_ms[index] - at_ms - words[index][1] for index in sorted(first_ms))
