"""The judge: Silero's voice activity detector, v6, from the file that faster-whisper carries.

The graph takes windows of 512 samples (32 ms at 16 kHz), each after the 64 samples before it, and an LSTM's
state. Its first dimension is time, so that windows that have piled up cost one call (snakers4/silero-vad,
`utils_vad.py`; faster_whisper, `vad.py`).

Frames are shorter than windows. So that an onset or an end is not seen up to 30 ms late, the sound after the
last whole window is judged too, in a window that overlaps that one; what the LSTM makes of it is forgotten.
"""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from voice_server.adapters.onnx_graph import OnnxGraph
from voice_server.audio.log_mel import FloatArray
from voice_server.audio.pcm import Pcm, to_float
from voice_server.audio.rates import INPUT_HZ, frame_samples
from voice_server.errors import ModelError, ModelFileError
from voice_server.ports import Workers

WINDOW_SAMPLES = 512
CONTEXT_SAMPLES = 64
LEAD_IN_WINDOWS = 3
"""What is kept of the sound that was skipped: with fewer, soft onsets are seen later."""
WITH_CONTEXT = CONTEXT_SAMPLES + WINDOW_SAMPLES
KEPT_SAMPLES = CONTEXT_SAMPLES + LEAD_IN_WINDOWS * WINDOW_SAMPLES
STATE_SHAPE = (1, 1, 128)
URGENT_MS = 0
"""A deadline before every other: an onset must not wait behind a transcription."""


class SileroJudge:
    """Fits `ports.VoiceDetector`. Needs about 0.1 ms a window."""

    def __init__(self, workers: Workers, model_path: Path | None = None) -> None:
        self._workers = workers
        self._graph = OnnxGraph(model_path or bundled_model())

    def open(self) -> SileroStream:
        """A new stream, which has heard silence."""
        return SileroStream(self._graph, self._workers)

    async def warm_up(self) -> None:
        """Run the graph once: the first run allocates."""
        stream = self.open()
        for _ in range(2):
            await stream.push(np.zeros(frame_samples(INPUT_HZ), np.int16))


class SileroStream:
    """One session's judge. Calls must not overlap."""

    _hidden: FloatArray
    _cell: FloatArray

    def __init__(self, graph: OnnxGraph, workers: Workers) -> None:
        self._graph = graph
        self._workers = workers
        self.reset()

    def reset(self) -> None:
        """Forget what was heard so far."""
        self._sound = np.zeros(CONTEXT_SAMPLES + WINDOW_SAMPLES, np.float32)
        self._fresh = 0  # samples at its end that are in no whole window yet
        self._skipping = False
        self._forget()

    async def push(self, frame: Pcm) -> float:
        """The probability of speech in the latest 32 ms.

        The first push after `skip` judges the kept lead-in too, in windows that end with this frame.
        Cancelled or failed, it leaves the sound to the next push, as if it had been skipped.
        """
        self._append(frame)
        if self._skipping:
            self._align()
        await self._judge(self._whole_windows())
        return self._probability

    def skip(self, frame: Pcm) -> None:
        """Hear a frame without judging it: cheap. The last 96 ms are kept for the next push."""
        self._append(frame)
        self._skipping = True
        self._probability = 0.0

    def _append(self, frame: Pcm) -> None:
        if len(frame) != frame_samples(INPUT_HZ):
            raise ModelError(f"silero: a frame is {frame_samples(INPUT_HZ)} samples, not {len(frame)}")
        self._sound = np.concatenate([self._sound, to_float(frame)])[-KEPT_SAMPLES:]
        self._fresh += len(frame)
        if self._fresh > KEPT_SAMPLES - CONTEXT_SAMPLES:
            self._fresh = KEPT_SAMPLES - CONTEXT_SAMPLES
            self._forget()  # the state is of sound that does not join what is kept

    def _align(self) -> None:
        """Have whole windows end with the newest sample; with less than one, wait."""
        if self._fresh >= WINDOW_SAMPLES:
            self._fresh -= self._fresh % WINDOW_SAMPLES
        self._skipping = False

    def _whole_windows(self) -> FloatArray:
        """Those that wait, shape (n, 576)."""
        if self._fresh < WINDOW_SAMPLES:
            return np.empty((0, WITH_CONTEXT), np.float32)
        waiting = self._sound[-self._fresh - CONTEXT_SAMPLES :]
        view = np.lib.stride_tricks.sliding_window_view(waiting, WITH_CONTEXT)
        return np.ascontiguousarray(view[::WINDOW_SAMPLES])

    async def _judge(self, windows: FloatArray) -> None:
        fresh = self._fresh - len(windows) * WINDOW_SAMPLES
        latest = self._sound[None, -WITH_CONTEXT:] if fresh else None
        judged = partial(_judged, self._graph, windows, latest, self._hidden, self._cell)
        probability, self._hidden, self._cell = await self._workers.run(
            judged, deadline_ms=URGENT_MS, model="silero"
        )
        self._fresh, self._probability = fresh, probability

    def _forget(self) -> None:
        self._hidden = self._cell = np.zeros(STATE_SHAPE, np.float32)
        self._probability = 0.0


def _judged(
    graph: OnnxGraph, windows: FloatArray, latest: FloatArray | None, hidden: FloatArray, cell: FloatArray
) -> tuple[float, FloatArray, FloatArray]:
    """The probability at the end, and the state after the whole windows. Blocks. Raises ModelError."""
    probabilities: FloatArray = np.zeros(1, np.float32)
    if len(windows):
        probabilities, hidden, cell = graph.run({"input": windows, "h": hidden, "c": cell})
    if latest is not None:
        probabilities, _, _ = graph.run({"input": latest, "h": hidden, "c": cell})
    return float(probabilities[-1]), hidden, cell


def bundled_model() -> Path:
    """The file in the installed faster_whisper, found without importing it. Raises ModelFileError."""
    package = find_spec("faster_whisper")
    if package is None or package.origin is None:
        raise ModelFileError("faster-whisper, which carries Silero's model, is not installed")
    return Path(package.origin).parent / "assets" / "silero_vad_v6.onnx"
