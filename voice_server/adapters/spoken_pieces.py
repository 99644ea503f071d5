"""A sentence in pieces: each is decoded when it is asked for, and ends where a word does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import takewhile

import numpy as np

from voice_server.adapters.vits_graph import Utterance
from voice_server.audio.loudness import levelling_gain, limited
from voice_server.audio.pcm import from_float
from voice_server.audio.trim import Trimming
from voice_server.core.playout import Word
from voice_server.ports import SpeechChunk

FIRST_FRAMES = 24
"""The first piece has so many at least, some 280 ms: time enough to decode the second."""
LATER_FRAMES = 96
REST_FRAMES = 24
"""A shorter rest is no piece of its own."""


def spoken_pieces(
    utterance: Utterance, words: Sequence[Word], rate_hz: int, pause_ms: int
) -> Iterator[SpeechChunk]:
    """The sound, trimmed and at one level, that of its first piece; at most `pause_ms` of silence at its end.

    `words` lie in the sound before it is trimmed. A sentence without sound is one empty chunk.
    """
    waiting, trimming, hop = list(words), Trimming(rate_hz), utterance.hop_samples
    gain, start, sent = None, 0, 0
    for end in piece_ends([-(-word.end_sample // hop) for word in words], utterance.frames):
        sound = utterance.decode(start, end)
        gain = levelling_gain(sound) if gain is None else gain
        ready = trimming.push(from_float(limited(sound * gain)))
        if end == utterance.frames:
            ready = np.concatenate([ready, trimming.finish(pause_ms)])
        over = list(takewhile(partial(_ends_by, end * hop), waiting))
        if len(ready) or (end == utterance.frames and over):
            begin = trimming.skipped_samples + sent
            yield SpeechChunk(ready, tuple(_within(word, begin, len(ready)) for word in over))
            waiting, sent = waiting[len(over) :], sent + len(ready)
        start = end


def piece_ends(stops: Sequence[int], frames: int) -> list[int]:
    """Where to divide so many frames, by where words stop: a small piece first, larger ones after it."""
    ends, start, least = [], 0, FIRST_FRAMES
    for stop in stops:
        if stop - start >= least and frames - stop >= REST_FRAMES:
            ends.append(stop)
            start, least = stop, LATER_FRAMES
    return [*ends, frames]


def _within(word: Word, begin: int, length: int) -> Word:
    """The word as it lies in the `length` samples from `begin`."""
    first, last = (min(max(edge - begin, 0), length) for edge in (word.start_sample, word.end_sample))
    return Word(word.text, first, last)


def _ends_by(sample: int, word: Word) -> bool:
    return word.end_sample <= sample
