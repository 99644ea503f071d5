"""A VITS voice's graph in two halves: what turns phonemes into frames, and what turns frames into sound.

The second half, a convolutional decoder (HiFi-GAN), takes two thirds of the time, and what it makes of a
frame depends on few frames around it. So the sound can be made in pieces: the first is there as soon as its
own frames are decoded, however long the sentence is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx.utils import Extractor

from voice_server.adapters.onnx_graph import OnnxGraph
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


class VitsGraph:
    """Fits Piper's voices of one speaker; other graphs, which it cannot divide, are run as a whole.

    Raises ModelFileError when there is no such file or it is no graph.
    """

    def __init__(self, path: Path, threads: int, hop_samples: int, mark: Mark) -> None:
        self._hop_samples = hop_samples
        model = _read(path, mark)
        seam = _seam(model) if model else None
        self._decoder: OnnxGraph | None = None
        if model is None or seam is None:
            self._graph = OnnxGraph(path, threads, model.SerializeToString() if model else None)
            return
        self._seam = seam
        sound, *durations = (output.name for output in model.graph.output)
        inputs = [tensor.name for tensor in model.graph.input]
        self._graph = OnnxGraph(path, threads, _part(model, inputs, [seam, *durations]))
        self._decoder = OnnxGraph(path, threads, _part(model, [seam], [sound]))

    def begin(self, inputs: Mapping[str, NDArray[Any]]) -> Utterance:
        """Compute everything but the sound. Blocks; releases the GIL. Raises ModelError."""
        made, *durations = self._graph.run(inputs)
        lengths = durations[0].reshape(-1) if durations else None
        if self._decoder is None:
            samples = made.reshape(-1)
            frames = len(samples) // self._hop_samples
            return Utterance(frames, self._hop_samples, lengths, self._cut_from(samples))
        decode = self._decoded_from(made, self._decoder)
        return Utterance(made.shape[2], self._hop_samples, lengths, decode)

    def _cut_from(self, samples: FloatArray) -> Callable[[int, int], FloatArray]:
        return lambda start, end: samples[start * self._hop_samples : end * self._hop_samples]

    def _decoded_from(self, latent: FloatArray, decoder: OnnxGraph) -> Callable[[int, int], FloatArray]:
        def decode(start: int, end: int) -> FloatArray:
            first, last = max(0, start - CONTEXT_FRAMES), min(latent.shape[2], end + CONTEXT_FRAMES)
            (sound,) = decoder.run({self._seam: np.ascontiguousarray(latent[:, :, first:last])})
            return sound.reshape(-1)[(start - first) * self._hop_samples : (end - first) * self._hop_samples]

        return decode


def _read(path: Path, mark: Mark) -> onnx.ModelProto | None:
    """The graph, with durations where it can say them; None where there is no file, which OnnxGraph says."""
    if not path.is_file():
        return None
    try:
        model = onnx.load(str(path))
        mark(model)
    except ValueError:
        return model
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
