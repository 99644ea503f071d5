"""End of turn by sound: Smart Turn 3.2, by Daily.

The graph takes Whisper's log-mel features of exactly 8 s, shape (1, 80, 800), and returns the probability
that the speaker has finished. As its authors do (pipecat, `smart_turn/local_smart_turn_v3.py`), shorter sound
has silence put before it, and the whole is brought to mean 0 and variance 1 first.

Ask it in pauses only: cut off in the middle of a command, it says "finished" more often than not.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np

from voice_server.adapters.onnx_graph import OnnxGraph
from voice_server.audio.log_mel import FloatArray, LogMel
from voice_server.audio.pcm import Pcm, to_float
from voice_server.audio.rates import INPUT_HZ
from voice_server.ports import Workers

WINDOW_SAMPLES = 8 * INPUT_HZ
VARIANCE_FLOOR = 1e-7


class SmartTurn:
    """Fits `ports.TurnDetector`. Needs 20 to 40 ms of one core."""

    def __init__(self, model_path: Path, workers: Workers, threads: int = 1) -> None:
        self._graph = OnnxGraph(model_path, threads)
        self._workers = workers
        self._features = LogMel()

    async def end_of_turn(self, samples: Pcm, *, deadline_ms: int) -> float:
        """The probability (0 to 1) that the turn ended with the last sample. Hears the last 8 s."""
        return await self._workers.run(
            partial(self._score, samples), deadline_ms=deadline_ms, model="smart-turn"
        )

    async def warm_up(self) -> None:
        """Run the graph once: the first run allocates."""
        await self.end_of_turn(np.zeros(INPUT_HZ, np.int16), deadline_ms=0)

    def _score(self, samples: Pcm) -> float:
        features = self._features(_normalized(_last_window(samples)))
        (probability,) = self._graph.run({"input_features": features[None]})
        return float(probability.item())


def _last_window(samples: Pcm) -> FloatArray:
    """The last 8 s, with silence before them where there is less; shape (128000,)."""
    window = np.zeros(WINDOW_SAMPLES, np.float32)
    heard = to_float(samples[-WINDOW_SAMPLES:])
    window[WINDOW_SAMPLES - len(heard) :] = heard
    return window


def _normalized(window: FloatArray) -> FloatArray:
    scaled: FloatArray = (window - window.mean()) / np.sqrt(window.var() + np.float32(VARIANCE_FLOOR))
    return scaled
