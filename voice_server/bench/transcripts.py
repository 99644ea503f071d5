"""What was understood: words, loops, and how far the partial transcripts were behind the speech. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

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
    placed = [end_ms + at_ms for end_ms in word_ends_ms(normalized(clip.transcript or ""), clip.speech_ms)]
    return TranscriptOutcome(text, errors, words, loops(text), _lags_ms(recording, clip, placed))


def final_text(recording: Recording) -> str:
    """What the server in the end took the user to have said: the last final of each turn."""
    finals = recording.log.received("transcript.final")
    return " ".join({entry.message["turn"]: str(entry.message["text"]) for entry in finals}.values())


def loops(text: str) -> bool:
    """Whether the text repeats itself as a model's loop does."""
    data = text.encode()
    return len(data) > 0 and len(data) / len(zlib.compress(data)) > LOOP_RATIO


def word_ends_ms(words: Sequence[str], speech_ms: Sequence[Span]) -> list[float]:
    """About when each word had been spoken: the speech shared out among the words by their letters.

    An estimate: on speech without long pauses it is right to about 0.1 s on average over a sentence.
    """
    spoken_ms = sum(end - begin for begin, end in speech_ms)
    letters = sum(len(word) for word in words)
    ends, so_far = [], 0
    for word in words:
        so_far += len(word)
        ends.append(_at_share(spoken_ms * so_far / letters, speech_ms))
    return ends


def _at_share(elapsed_ms: float, speech_ms: Sequence[Span]) -> float:
    """The moment at which so much speech, pauses not counted, has sounded."""
    for begin, end in speech_ms:
        if elapsed_ms <= end - begin + 1e-6:
            return begin + elapsed_ms
        elapsed_ms -= end - begin
    return speech_ms[-1][1]


def _lags_ms(recording: Recording, clip: Clip, ends_ms: Sequence[float]) -> tuple[float, ...]:
    reference = normalized(clip.transcript or "")
    first_ms: dict[int, float] = {}
    done: dict[int, list[str]] = {}
    for entry in recording.log.received("transcript.partial", "transcript.final"):
        done[int(entry.message["turn"])] = normalized(str(entry.message["text"]))
        so_far = [word for words in done.values() for word in words]
        for index in recognized(reference, so_far) - first_ms.keys():
            first_ms[index] = recording.log.time_ms(entry)
    return tuple(first_ms[index] - ends_ms[index] for index in sorted(first_ms))
