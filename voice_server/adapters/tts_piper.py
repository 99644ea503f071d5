"""Synthesis: Piper, which runs a VITS voice in onnxruntime on the phonemes of espeak-ng.

The voice's graph is marked once, in memory, so that it returns how long each phoneme lasts (Piper's own tool,
`piper.patch_voice_with_alignment`). From that comes when each word sounds. Where a graph does not say, its
phonemes get equal shares.

The same text never sounds twice the same: VITS draws durations and noise at random.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import accumulate, chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from piper.config import PiperConfig
from piper.const import BOS, EOS, PAD
from piper.patch_voice_with_alignment import add_alignment_output
from piper.voice import PiperVoice

from voice_server.adapters.spoken_pieces import spoken_pieces
from voice_server.adapters.spoken_text import spoken_words
from voice_server.adapters.vits_graph import Utterance, load_vits
from voice_server.adapters.word_timing import is_sound, timed_words, word_spans
from voice_server.core.playout import Word
from voice_server.errors import ModelError, ModelFileError
from voice_server.ports import SpeechChunk, Workers

PAUSE_MS = {",": 120, ";": 120, ":": 120, ".": 250, "?": 250, "!": 250}
"""Silence kept at most after a clause, by its last mark. Speakers make brief pauses, under 200 ms, and medium
ones, 200 to 1000 ms (Campione and Véronis 2002); Piper leaves 100 to 300 ms after a mark of either kind."""
NO_PAUSE_MS = 60
"""After a clause that was cut where no mark stands: the next word follows."""
CACHED_WORDS = 8_192


@dataclass(frozen=True, slots=True)
class _Sentence:
    """One run of the graph. `spans` are the words' places in `phonemes`."""

    phonemes: list[str]
    words: list[str]
    spans: list[tuple[int, int]]


class PiperSynthesizer:
    """Fits `ports.Synthesizer`. Constructing it reads the model: for start-up.

    `model_path` names the .onnx file; its .onnx.json lies beside it. Raises ModelFileError when one of them
    is missing or cannot be used. Every sentence of a clause is one piece of work, and one chunk.
    """

    def __init__(self, model_path: Path, workers: Workers, threads: int = 2) -> None:
        self._workers = workers
        self._uses_all_cores = threads > 1
        self._config = _config(model_path)
        self._graph = load_vits(model_path, threads, self._config.hop_length, add_alignment_output)
        # The session is ours; of Piper's own class only the phonemizing is used.
        self._voice = PiperVoice(session=None, config=self._config)
        self._speakers = self._known_speakers(model_path.name.removesuffix(".onnx"))
        self._alone = lru_cache(CACHED_WORDS)(self._phonemes_alone)

    @property
    def sample_rate_hz(self) -> int:
        """The voice's own rate."""
        return int(self._config.sample_rate)

    @property
    def voices(self) -> tuple[str, ...]:
        """The names that `synthesize` knows: the model's, and those of its speakers."""
        return tuple(self._speakers)

    async def synthesize(
        self, text: str, *, deadline_ms: int, voice: str | None
    ) -> AsyncGenerator[SpeechChunk, None]:
        """Speak one clause. What is not said (emoji, Markdown) stands among the words and lasts no time.

        Raises ModelError for a voice that is not in `voices`.
        """
        next_chunk = partial(_next_of, self._chunks(text, self._speaker(voice)))
        alone = self._uses_all_cores  # for the first: the others are made while it sounds
        while chunk := await self._workers.run(
            next_chunk, deadline_ms=deadline_ms, model="piper", alone=alone
        ):
            alone = False
            yield chunk

    async def warm_up(self) -> None:
        """Speak once: the first run allocates, and espeak-ng reads its data."""
        async for _ in self.synthesize("Hello, there.", deadline_ms=0, voice=None):
            pass

    def _known_speakers(self, name: str) -> dict[str, int | None]:
        many = self._config.num_speakers > 1
        return {name: self._config.default_speaker_id if many else None, **self._config.speaker_id_map}

    def _speaker(self, voice: str | None) -> int | None:
        if voice is None:
            return next(iter(self._speakers.values()))
        if voice not in self._speakers:
            raise ModelError(f"there is no voice {voice!r}: use one of {', '.join(self._speakers)}")
        return self._speakers[voice]

    def _chunks(self, text: str, speaker: int | None) -> Iterator[SpeechChunk]:
        for sentence in self._sentences(text.split()):
            if sentence.phonemes:
                yield from self._speak(sentence, speaker)
            else:
                yield _unspoken(sentence.words)

    # ── from text to phonemes ──

    def _sentences(self, words: list[str]) -> list[_Sentence]:
        spoken = spoken_words(words)
        sentences = self._phonemes(" ".join(filter(None, spoken))) or [[]]
        together = list(chain.from_iterable([*sentence, " "] for sentence in sentences))
        spans = word_spans([self._alone(word) for word in spoken], together)
        return _by_sentence(sentences, words, spans)

    def _phonemes(self, text: str) -> list[list[str]]:
        """The voice's phonemes for each sentence that has any sound."""
        known = self._config.phoneme_id_map
        sentences = [[p for p in sentence if p in known] for sentence in self._voice.phonemize(text)]
        return [sentence for sentence in sentences if any(map(is_sound, sentence))]

    def _phonemes_alone(self, word: str) -> list[str]:
        return list(chain.from_iterable(self._phonemes(word))) if word else []

    # ── from phonemes to sound ──

    def _speak(self, sentence: _Sentence, speaker: int | None) -> Iterator[SpeechChunk]:
        ids = self._voice.phonemes_to_ids(sentence.phonemes)
        utterance = self._graph.begin(self._inputs(ids, speaker))
        edges = self._edges(sentence.phonemes, len(ids), utterance)
        words = timed_words(sentence.words, sentence.spans, edges)
        return spoken_pieces(utterance, words, self.sample_rate_hz, _pause_ms(sentence.phonemes))

    def _edges(self, phonemes: list[str], ids: int, utterance: Utterance) -> list[int]:
        """The sample at which each phoneme begins, and the end of the last."""
        frames = np.ones(ids) if utterance.durations is None else utterance.durations
        samples = utterance.frames * utterance.hop_samples
        edges = np.cumsum([0, *frames]) * (samples / frames.sum())
        return [round(edges[i]) for i in self._id_edges(phonemes, ids)]

    def _inputs(self, ids: list[int], speaker: int | None) -> dict[str, NDArray[Any]]:
        config = self._config
        scales = (config.noise_scale, config.length_scale, config.noise_w_scale)
        inputs: dict[str, NDArray[Any]] = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array(scales, np.float32),
        }
        return inputs if speaker is None else {**inputs, "sid": np.array([speaker], np.int64)}

    def _id_edges(self, phonemes: list[str], ids: int) -> list[int]:
        """Where each phoneme's ids begin, and the last's end. The ids are BOS PAD (phoneme PAD)* EOS."""
        known = self._config.phoneme_id_map
        edges = np.cumsum([len(known[p]) + len(known[PAD]) for p in (BOS, *phonemes)]).tolist()
        if edges[-1] + len(known[EOS]) != ids:  # a language with rules of its own
            edges = np.linspace(0, ids, len(phonemes) + 1).astype(int).tolist()
        return list(edges)


def _next_of(chunks: Iterator[SpeechChunk]) -> SpeechChunk | None:
    try:
        return next(chunks, None)
    except ModelError:
        raise
    except Exception as error:  # the phonemizers raise what they like
        raise ModelError(f"piper: {error}") from error


def _by_sentence(
    sentences: list[list[str]], words: list[str], spans: list[tuple[int, int]]
) -> list[_Sentence]:
    """Give each word to the sentence it begins in. Spans count over all sentences, one space after each."""
    begins = list(accumulate((len(phonemes) + 1 for phonemes in sentences[:-1]), initial=0))
    divided = [_Sentence(phonemes, [], []) for phonemes in sentences]
    for word, (start, end) in zip(words, spans, strict=True):
        index = bisect_right(begins, start) - 1
        sentence, begin = divided[index], begins[index]
        sentence.words.append(word)
        sentence.spans.append((start - begin, min(end - begin, len(sentence.phonemes))))
    return divided


def _unspoken(words: Sequence[str]) -> SpeechChunk:
    return SpeechChunk(np.zeros(0, np.int16), tuple(Word(word, 0, 0) for word in words))


def _pause_ms(phonemes: Sequence[str]) -> int:
    return PAUSE_MS.get(next(p for p in reversed(phonemes) if p != " "), NO_PAUSE_MS)


def _config(model_path: Path) -> Any:
    path = model_path.with_name(f"{model_path.name}.json")
    try:
        return PiperConfig.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise ModelFileError(f"there is no model file {path}: run `voice-server models fetch`") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelFileError(f"{path} is no configuration of a Piper voice: {error!r}") from error
