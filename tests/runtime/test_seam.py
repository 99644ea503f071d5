from __future__ import annotations

import numpy as np

from voice_server.core.playout import Word
from voice_server.ports import SpeechChunk
from voice_server.runtime.seam import Seam

SAID = (Word("good", 0, 100), Word("morning", 120, 320))
"""By the first server, which was lost in the second word, or in the pause after it."""


def chunk(first: int, samples: int, *words: Word) -> SpeechChunk:
    """Each sample has its number within the clause as its value; words are relative to the chunk."""
    return SpeechChunk(np.arange(first, first + samples, dtype=np.int16), words)


def left(seam: Seam, *chunks: SpeechChunk) -> tuple[list[int], list[tuple[str, int]]]:
    """The samples that are left, and where in them the words begin."""
    samples: list[int] = []
    words: list[tuple[str, int]] = []
    for each in chunks:
        rest = seam.rest(each)
        words += [(word.text, len(samples) + word.start_sample) for word in rest.words]
        samples += rest.samples.tolist()
    return samples, words


def test_where_nothing_was_begun_all_is_left() -> None:
    whole = chunk(0, 300, Word("good", 10, 100), Word("morning", 120, 300))
    assert left(Seam(0, ()), whole) == (list(range(300)), [("good", 10), ("morning", 120)])


def test_a_voice_that_repeats_itself_goes_on_at_the_same_sample() -> None:
    chunks = [chunk(0, 200, *SAID), chunk(200, 300, Word("to", 140, 200))]
    for begun in (121, 220, 319, 330, 339):
        assert left(Seam(begun, SAID), *chunks) == (list(range(begun, 500)), [("to", 340 - begun)])


def test_half_of_a_word_is_followed_by_its_other_half_however_long_it_is_now() -> None:
    slower = [
        chunk(0, 150, Word("good", 0, 140)),
        chunk(150, 550, Word("morning", 50, 450), Word("to", 480, 520)),
    ]
    samples, words = left(Seam(220, SAID), *slower)
    assert samples == list(range(400, 700))
    assert words == [("to", 630 - 400)]
    quicker = chunk(0, 300, Word("good", 0, 50), Word("morning", 60, 160), Word("to", 170, 200))
    assert left(Seam(220, SAID), quicker) == (list(range(110, 300)), [("to", 60)])


def test_a_pause_that_is_shorter_now_takes_nothing_of_the_next_word() -> None:
    quicker = chunk(0, 300, Word("good", 0, 50), Word("morning", 60, 160), Word("to", 170, 200))
    assert left(Seam(360, SAID), quicker) == (list(range(170, 300)), [("to", 0)])


def test_where_only_silence_was_begun_no_word_is_lost() -> None:
    assert left(Seam(40, ()), chunk(0, 100, Word("hi", 20, 90))) == (list(range(20, 100)), [("hi", 0)])
    assert left(Seam(40, ()), chunk(0, 30), chunk(30, 70, Word("hi", 30, 60))) == (
        list(range(40, 100)),
        [("hi", 20)],
    )
