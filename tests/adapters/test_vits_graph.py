"""Decoding in pieces gives the sound that decoding at once gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from voice_server.adapters.spoken_pieces import piece_ends
from voice_server.adapters.vits_graph import DECODER_WEIGHT, Utterance, load_vits

VOICE = Path("piper-en_US-joe-medium") / "en_US-joe-medium.onnx"
IDS = np.array([[1, 0, *(i for p in range(20, 50) for i in (p, 0)), 2]], np.int64)
INPUTS: dict[str, NDArray[np.generic]] = {
    "input": IDS,
    "input_lengths": np.array([IDS.shape[1]], np.int64),
    "scales": np.array([0.667, 1.0, 0.8], np.float32),
}


def in_pieces(utterance: Utterance, ends: list[int]) -> NDArray[np.float32]:
    return np.concatenate([utterance.decode(a, b) for a, b in zip([0, *ends], ends, strict=False)])


@pytest.mark.models
def test_pieces_join_without_a_seam(models_dir: Path) -> None:
    utterance = load_vits(models_dir / VOICE, 1, 256, lambda model: None).begin(INPUTS)
    whole = utterance.decode(0, utterance.frames)
    assert len(whole) == utterance.frames * 256
    pieces = in_pieces(utterance, [24, 25, 120, utterance.frames])
    assert np.abs(pieces - whole).max() < 1e-4 < np.abs(whole).max()


@pytest.mark.models
def test_a_graph_whose_decoder_is_not_found_is_run_as_a_whole(models_dir: Path, tmp_path: Path) -> None:
    model = onnx.load(str(models_dir / VOICE))
    for tensor in model.graph.initializer:
        tensor.name = tensor.name.replace(DECODER_WEIGHT, "weight")
    for node in model.graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = name.replace(DECODER_WEIGHT, "weight")
    onnx.save(model, str(tmp_path / "voice.onnx"))
    utterance = load_vits(tmp_path / "voice.onnx", 1, 256, lambda model: None).begin(INPUTS)
    assert utterance.frames > 100
    pieces = in_pieces(utterance, [24, utterance.frames])
    assert len(pieces) == utterance.frames * 256
    assert np.abs(pieces).max() > 0.01


def test_a_small_piece_comes_first_and_no_crumb_last() -> None:
    assert piece_ends([10, 30, 60, 100, 128, 140], frames=150) == [30, 150]
    assert piece_ends([10, 30, 60, 100, 128, 200], frames=300) == [30, 128, 300]
    assert piece_ends([30], frames=40) == [40]
    assert piece_ends([], frames=500) == [500]
