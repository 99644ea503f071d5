"""A VITS voice's graph in two halves: what turns phonemes into frames, and what turns frames into sound.

The second half, a convolutional decoder (HiFi-GAN), takes two thirds of the time, and what it makes of a
frame depends on few frames around it. So the sound can be made in pieces: the first is there as soon as its
own frames are decoded, however long the sentence is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx.utils import Extractor

from voice_server.adapters.onnx_graph import OnnxGraph, expect_file
from voice_server.audio.log_mel import FloatArray
from voice_server.errors import ModelFileError

CONTEXT_FRAMES = 12
"""Decoded on either side of a piece and thrown away. With 8 the sound differs from the whole by -69 dB, with
12 by rounding (measured on Piper's joe)."""
DECODER_WEIGHT = "dec.conv_pre.weight"
"""The first weight of the decoder, as its authors named it: the tensor beside it is where the halves meet."""

Mark = Callable[[onnx.ModelProto], object]
"""Makes the durations an output of the graph; raises ValueError where it cannot."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One sentence, as far as it has been computed. `durations`: frames of each phoneme id, if known."""

    frames: int
    hop_samples: int
    """In a frame."""
    durations: FloatArray | None
    decode: Callable[[int, int], FloatArray]
    """The sound from one frame to another, shape (samples,). Blocks. Raises ModelError."""


class VitsGraph(Protocol):
    """A voice's graph, however much of it is computed at once. Calls may overlap."""

    def begin(self, inputs: Mapping[str, NDArray[Any]]) -> Utterance:
        """Compute everything up to the first sound. Blocks; releases the GIL. Raises ModelError."""


def load_vits(path: Path, threads: int, hop_samples: int, mark: Mark) -> VitsGraph:
    """Divided where that can be: Piper's voices of one speaker.

    Raises ModelFileError when there is no such file or it is no graph.
    """
    model = _read(path, mark)
    seam = _seam(model)
    if seam is None:
        return _Undivided(OnnxGraph(path, threads, model.SerializeToString()), hop_samples)
    sound, *durations = (output.name for output in model.graph.output)
    inputs = [tensor.name for tensor in model.graph.input]
    encoder = OnnxGraph(path, threads, _part(model, inputs, [seam, *durations]))
    decoder = OnnxGraph(path, threads, _part(model, [seam], [sound]))
    return _Divided(encoder, decoder, seam, hop_samples)


class _Divided:
    """Computes the frames at once, and of the sound what is asked for."""

    def __init__(self, encoder: OnnxGraph, decoder: OnnxGraph, seam: str, hop_samples: int) -> None:
        self._encoder = encoder
        self._decoder = decoder
        self._seam = seam
        self._hop_samples = hop_samples

    def begin(self, inputs: Mapping[str, NDArray[Any]]) -> Utterance:
        latent, *durations = self._encoder.run(inputs)
        decode = partial(self._decode, latent)
        return Utterance(latent.shape[2], self._hop_samples, _per_phoneme(durations), decode)

    def _decode(self, latent: FloatArray, start: int, end: int) -> FloatArray:
        first, last = max(0, start - CONTEXT_FRAMES), min(latent.shape[2], end + CONTEXT_FRAMES)
        (sound,) = self._decoder.run({self._seam: np.ascontiguousarray(latent[:, :, first:last])})
        return sound.reshape(-1)[(start - first) * self._hop_samples : (end - first) * self._hop_samples]


class _Undivided:
    """Computes the whole sound at once, and cuts from it what is asked for."""

    def __init__(self, graph: OnnxGraph, hop_samples: int) -> None:
        self._graph = graph
        self._hop_samples = hop_samples

    def begin(self, inputs: Mapping[str, NDArray[Any]]) -> Utterance:
        sound, *durations = self._graph.run(inputs)
        samples = sound.reshape(-1)
        frames = len(samples) // self._hop_samples
        return Utterance(frames, self._hop_samples, _per_phoneme(durations), partial(self._cut, samples))

    def _cut(self, samples: FloatArray, start: int, end: int) -> FloatArray:
        return samples[start * self._hop_samples : end * self._hop_samples]


def _per_phoneme(durations: list[FloatArray]) -> FloatArray | None:
    return durations[0].reshape(-1) if durations else None


def _read(path: Path, mark: Mark) -> onnx.ModelProto:
    """The graph, with durations where it can say them."""
    expect_file(path)
    try:
        model = onnx.load(str(path))
        with suppress(ValueError):
            mark(model)
    except Exception as error:  # protobuf's, for what is no graph
        raise ModelFileError(f"{path} cannot be loaded: {error}") from error
    return model


def _seam(model: onnx.ModelProto) -> str | None:
    """The tensor between the halves. None for many speakers: their decoder wants to know who speaks."""
    if any(tensor.name == "sid" for tensor in model.graph.input):
        return None
    return next((node.input[0] for node in model.graph.node if DECODER_WEIGHT in node.input), None)


def _part(model: onnx.ModelProto, inputs: list[str], outputs: list[str]) -> bytes:
    return bytes(Extractor(model).extract_model(inputs, outputs).SerializeToString())
