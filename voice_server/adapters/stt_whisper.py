"""Transcription: Whisper in CTranslate2, on no more padding than it needs.

Whisper pads all sound to 30 s, and its encoder costs what the padding costs. CTranslate2 takes shorter
features, so here the encoder sees the speech and a second of silence, and `min_context_ms` at least: shorter
contexts lose words and make loops. Where the speech goes on, they lose as few as longer ones, and the next
hypothesis mends them. `voice-server bench recognition` measures what each costs and loses.

Annotations of sounds that are no speech, "(coughs)", are allowed and then taken out. Whisper's usual settings
forbid them; then 15 of our 15 noises come out as words. Allowed, one does, and no utterance changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer

from voice_server.adapters.whisper_text import spoken, without_loop
from voice_server.audio.log_mel import FloatArray, LogMel
from voice_server.audio.pcm import Pcm, to_float
from voice_server.audio.rates import INPUT_HZ, ms_to_samples
from voice_server.errors import ModelError, ModelFileError
from voice_server.ports import Hypothesis, Workers

MODEL_FILES = ("model.bin", "config.json", "tokenizer.json")
MIN_SPEECH_SAMPLES = ms_to_samples(100, INPUT_HZ)
TAIL_SAMPLES = INPUT_HZ
"""Silence after the speech: without it the last word is often lost."""
MAX_CONTEXT_SAMPLES = 30 * INPUT_HZ
MAX_SPEECH_SAMPLES = MAX_CONTEXT_SAMPLES - TAIL_SAMPLES
ENCODED_FRAME_SAMPLES = 320
"""Two columns of features, of which the encoder makes one."""
MIN_TOKENS = 12
TOKENS_PER_SECOND = 8
"""Quick English is 5. A loop ends here."""
NOTHING = Hypothesis(text="", avg_logprob=0.0, no_speech_prob=1.0)


@dataclass(frozen=True, slots=True)
class WhisperOptions:
    """How much work goes into a transcription."""

    threads: int = 1
    """For one transcription."""
    concurrent: int = 2
    """Transcriptions that run at the same time; more wait for these."""
    compute_type: str = "int8"
    min_context_ms: int = 10_000
    """The encoder sees at least so much, sound and padding."""
    min_partial_context_ms: int = 7_000
    """The same while the speech goes on. Of 1220 words in beginnings of our recordings as many are right as
    with ten seconds, in 55 instead of 77 ms."""


class WhisperTranscriber:
    """Fits `ports.Transcriber`. Constructing it reads the model: for start-up.

    `model_dir` holds a converted model (CTranslate2). A model for English alone ignores the language.
    Raises ModelFileError when files are missing or cannot be loaded.
    """

    def __init__(self, model_dir: Path, workers: Workers, options: WhisperOptions | None = None) -> None:
        self._options = options or WhisperOptions()
        self._workers = workers
        self._whisper = _load(model_dir, self._options)
        self._features = LogMel(self._whisper.model.n_mels)
        self._tokenizer = cache(partial(_tokenizer, self._whisper))

    async def transcribe(self, samples: Pcm, *, deadline_ms: int, language: str, final: bool) -> Hypothesis:
        """Transcribe the last 29 s of 16 kHz samples. Less than 100 ms, and what is no speech, gives "".

        `language` is a tag such as "de" or "de-AT". Raises ModelError, also for one that the model does not
        know. `final`: the speech has ended, or may have.
        """
        if len(samples) < MIN_SPEECH_SAMPLES:
            return NOTHING
        context_ms = self._options.min_context_ms if final else self._options.min_partial_context_ms
        work = partial(self._listen, samples[-MAX_SPEECH_SAMPLES:], language, context_ms)
        return await self._workers.run(work, deadline_ms=deadline_ms, model="whisper")

    async def warm_up(self) -> None:
        """Transcribe a second of silence: the first run allocates."""
        await self.transcribe(np.zeros(INPUT_HZ, np.int16), deadline_ms=0, language="en", final=False)

    def _listen(self, speech: Pcm, language: str, context_ms: int) -> Hypothesis:
        tokenizer = self._tokenizer(language)
        features = self._features(_padded(speech, context_ms))
        try:
            result = self._decode(features, tokenizer, _max_tokens(speech))
        except Exception as error:  # CTranslate2 raises RuntimeError and ValueError
            raise ModelError(f"whisper: {error}") from error
        tokens = result.sequences_ids[0]
        return Hypothesis(
            text=without_loop(spoken(tokenizer.decode(tokens))),
            # The score leaves the end token out of the count, but not out of the sum.
            avg_logprob=float(result.scores[0]) * len(tokens) / (len(tokens) + 1),
            no_speech_prob=float(result.no_speech_prob),
        )

    def _decode(self, features: FloatArray, tokenizer: Any, max_tokens: int) -> Any:
        model = self._whisper.model
        results = model.generate(
            model.encode(ctranslate2.StorageView.from_array(features[None])),
            [[*tokenizer.sot_sequence, tokenizer.no_timestamps]],
            beam_size=1,
            max_length=2 * max_tokens,  # CTranslate2 keeps half of it for a prompt
            suppress_tokens=[],
            return_scores=True,
            return_no_speech_prob=True,
        )
        return results[0]


def _padded(speech: Pcm, context_ms: int) -> FloatArray:
    """The speech and the silence after it that the encoder is to see."""
    wanted = max(ms_to_samples(context_ms, INPUT_HZ), len(speech) + TAIL_SAMPLES)
    frames = -(-min(wanted, MAX_CONTEXT_SAMPLES) // ENCODED_FRAME_SAMPLES)
    return np.pad(to_float(speech), (0, frames * ENCODED_FRAME_SAMPLES - len(speech)))


def _max_tokens(speech: Pcm) -> int:
    return MIN_TOKENS + TOKENS_PER_SECOND * len(speech) // INPUT_HZ


def _load(model_dir: Path, options: WhisperOptions) -> Any:
    # WhisperModel would fetch from a model hub what it does not find.
    for name in MODEL_FILES:
        if not (model_dir / name).is_file():
            raise ModelFileError(f"there is no {name} in {model_dir}: run `voice-server models fetch`")
    try:
        return WhisperModel(
            str(model_dir),
            device="cpu",
            compute_type=options.compute_type,
            cpu_threads=options.threads,
            num_workers=options.concurrent,
        )
    except Exception as error:  # RuntimeError, ValueError, and what the tokenizer's library raises
        raise ModelFileError(f"{model_dir} cannot be loaded: {error}") from error


def _tokenizer(whisper: Any, language: str) -> Any:
    code = language.split("-")[0].lower()
    multilingual = whisper.model.is_multilingual
    if multilingual and code not in whisper.supported_languages:
        raise ModelError(f"whisper does not know the language {language!r}")
    return Tokenizer(whisper.hf_tokenizer, multilingual, task="transcribe", language=code)
