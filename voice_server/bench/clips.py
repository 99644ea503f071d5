"""The recordings to measure with, and what is true about them: one row of the manifest each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voice_server.audio.pcm import Pcm
from voice_server.audio.rates import INPUT_HZ
from voice_server.bench.levels import FLOOR_DBFS, Span, loud_spans
from voice_server.client.wav import read_wav
from voice_server.errors import ConfigurationError

MANIFEST = "manifest.jsonl"
WORDS = "words.jsonl"
"""When each word has been spoken, where that is known (`bench/place_words.py`)."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording at 16 kHz, and its truth in ms from its first sample."""

    name: str
    kind: str
    """`speech`, `long`, `backchannel` or `noise`."""
    samples: Pcm
    transcript: str | None
    speech_ms: tuple[Span, ...]
    """Where somebody speaks, by the manifest; noise: where it is loud."""
    energy_end_ms: float
    """Where the level falls for good: before the end that the VAD of the manifest saw, or after it."""
    word_ends_ms: tuple[float, ...] = ()
    """When each word of the transcript has been spoken; empty: not known."""

    @property
    def begin_ms(self) -> float:
        """The first sample of speech, or of noise."""
        return self.speech_ms[0][0]

    @property
    def end_ms(self) -> float:
        """The last sample of speech, or of noise."""
        return self.speech_ms[-1][1]

    @property
    def length_ms(self) -> float:
        """All of it, quiet included."""
        return len(self.samples) * 1000 / INPUT_HZ

    def pauses_ms(self, at_least_ms: float) -> list[Span]:
        """Where the speaker is silent for so long and then goes on."""
        gaps = zip(self.speech_ms, self.speech_ms[1:], strict=False)
        return [(a[1], b[0]) for a, b in gaps if b[0] - a[1] >= at_least_ms]


def load_clips(directory: Path, kinds: Sequence[str]) -> list[Clip]:
    """The clips of these kinds, in the manifest's order.

    Raises ConfigurationError where there is no manifest, or nothing to hear in one of them.
    """
    manifest = directory / MANIFEST
    if not manifest.is_file():
        raise ConfigurationError(
            f"there is no {MANIFEST} in {directory}: name the recordings with --audio DIR"
        )
    words = {row["path"]: row for row in _rows(directory / WORDS)} if (directory / WORDS).is_file() else {}
    wanted = [row for row in _rows(manifest) if row["kind"] in kinds]
    return [_clip(directory, row | words.get(row["path"], {})) for row in wanted]


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _silent(path: Path) -> str:
    return (
        f"nothing is heard in {path}: it is never louder than {FLOOR_DBFS:g} dBFS. Record it again, give "
        f"`speech_segments_s` and `energy_end_s` in {MANIFEST}, or take it out of there"
    )


def _clip(directory: Path, row: dict[str, Any]) -> Clip:
    samples = read_wav(directory / row["path"], INPUT_HZ).samples
    spans = loud_spans(samples, INPUT_HZ)
    speech = tuple((1000.0 * a, 1000.0 * b) for a, b in row.get("speech_segments_s") or ())
    energy_end_s = row.get("energy_end_s")
    if not spans and not (speech and energy_end_s):
        raise ConfigurationError(_silent(directory / row["path"]))
    return Clip(
        name=row["path"].removesuffix(".wav"),
        kind=row["kind"],
        samples=samples,
        transcript=row.get("transcript"),
        speech_ms=speech or tuple(spans),
        energy_end_ms=1000.0 * energy_end_s if energy_end_s else spans[-1][1],
        word_ends_ms=tuple(1000.0 * end for end in row.get("ends_s", ())),
    )
