"""Makes tests/audio/words.jsonl: when each word of the test recordings has been spoken.

Each transcript is aligned with its recording by the attention of two Whisper models (faster-whisper's
`find_alignment`). Against the end of the speech, tiny.en is about 20 ms late and base 90 ms early on the last
word of a recording; the mean of the two is kept. Word by word, the two stay within 40 ms of their usual
distance for half of the words and within 120 ms for nine of ten; the error of the mean is about half of that.

    .venv/bin/python bench/place_words.py        # takes two minutes, and both models
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.audio import pad_or_trim
from faster_whisper.tokenizer import Tokenizer

from voice_server.client.wav import read_wav

ROOT = Path(__file__).parent.parent
AUDIO = ROOT / "tests" / "audio"
MODELS = {"whisper-tiny.en": None, "whisper-base": "en"}
MEDIAN_FILTER_WIDTH = 7

Placed = list[tuple[str, float]]
"""Words, and when each ends, in s."""


def main() -> None:
    rows = [json.loads(line) for line in (AUDIO / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    spoken = [row for row in rows if row["kind"] in ("speech", "long") and row["transcript"]]
    found = [aligned(name, language, spoken) for name, language in MODELS.items()]
    with (AUDIO / "words.jsonl").open("w", encoding="utf-8") as file:
        for row, one, other in zip(spoken, *found, strict=True):
            ends = [round((a + b) / 2, 3) for (_, a), (_, b) in zip(one, other, strict=True)]
            words = [word for word, _end in one]
            assert words == row["transcript"].split(), row["path"]
            file.write(json.dumps({"path": row["path"], "words": words, "ends_s": ends}) + "\n")


def aligned(name: str, language: str | None, rows: list[dict[str, Any]]) -> list[Placed]:
    model = WhisperModel(str(ROOT / "models" / name), device="cpu", compute_type="int8", cpu_threads=2)
    task = "transcribe" if language else None
    tokenizer = Tokenizer(model.hf_tokenizer, language is not None, task=task, language=language)
    return [place(model, tokenizer, row) for row in rows]


def place(model: WhisperModel, tokenizer: Tokenizer, row: dict[str, Any]) -> Placed:
    samples = read_wav(AUDIO / row["path"], 16_000).samples.astype(np.float32) / 32_768
    features = model.feature_extractor(samples)
    encoded = model.encode(pad_or_trim(features))
    tokens = tokenizer.encode(" " + row["transcript"])
    (pieces,) = model.find_alignment(tokenizer, [tokens], encoded, features.shape[-1], MEDIAN_FILTER_WIDTH)
    return joined(pieces)


def joined(pieces: list[dict[str, Any]]) -> Placed:
    """Pieces of words and punctuation as the words between spaces; punctuation takes no time."""
    words: Placed = []
    for piece in pieces:
        text = piece["word"]
        if text.startswith(" ") or not words:
            words.append((text.strip(), float(piece["end"])))
        elif text.strip():
            spoken = any(letter.isalnum() for letter in text)
            words[-1] = (words[-1][0] + text, float(piece["end"]) if spoken else words[-1][1])
    return words


if __name__ == "__main__":
    main()
