"""An ONNX graph, ready to run: what the adapters of ONNX models share, and all that knows onnxruntime."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnxruntime
from numpy.typing import NDArray

from voice_server.audio.log_mel import FloatArray
from voice_server.errors import ModelError, ModelFileError


class OnnxGraph:
    """A loaded graph. Calls may overlap.

    `content` is the graph where it was changed after it was read from `path`. Raises ModelFileError when
    there is no such file or it is no graph.
    """

    def __init__(self, path: Path, threads: int = 1, content: bytes | None = None) -> None:
        expect_file(path)
        try:
            self._session = onnxruntime.InferenceSession(
                content or str(path), _options(threads), providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's exceptions share no base of their own
            raise ModelFileError(f"{path} cannot be loaded: {error}") from error
        self._name = path.name

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> list[FloatArray]:
        """Compute all outputs, in the graph's order. Blocks; releases the GIL. Raises ModelError."""
        try:
            outputs: list[FloatArray] = self._session.run(None, dict(inputs))
        except Exception as error:
            raise ModelError(f"{self._name}: {error}") from error
        return outputs


def expect_file(path: Path) -> None:
    """Raises ModelFileError, which says what to do, where there is none."""
    if not path.is_file():
        raise ModelFileError(f"there is no model file {path}: run `voice-server models fetch`")


def _options(threads: int) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that go on spinning after their work would take the cores from the other models.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    options.log_severity_level = 3
    return options
