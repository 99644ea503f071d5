"""The recognition benchmark counts what a transcriber got wrong, and writes it down."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner, Result

from voice_server.adapters.scripted_listening import ScriptedTranscriber, in_turn, said
from voice_server.bench.clips import Clip
from voice_server.bench.recognition import RecognitionReport, Setting, Transcript, measure
from voice_server.bench.recognition_views import plot_recognition, recognition_table
from voice_server.bench.records import write_json
from voice_server.cli.bench_recognition import recognition
from voice_server.ports import Hypothesis

SETTINGS = [Setting("tiny", 10_000, 1), Setting("tiny", 30_000, 1)]


def _clip(name: str, kind: str, transcript: str | None) -> Clip:
    return Clip(name, kind, np.full(16_000, 5_000, np.int16), transcript, ((0.0, 1_000.0),), 1_000.0)


CLIPS = [
    _clip("speech/a", "speech", "Turn the lamp on."),
    _clip("long/b", "long", "What's the time?"),
    _clip("noise/c", "noise", None),
    _clip("noise/d", "noise", None),
]
HEARD = [said(text) for text in ("warm up", "Turn a lamp", "what is the time", "", "Thanks!")]


@pytest.fixture
async def report() -> RecognitionReport:
    return await measure(
        lambda setting: ScriptedTranscriber(in_turn(HEARD)), SETTINGS, CLIPS, lambda setting, transcript: None
    )


async def test_every_setting_hears_every_clip_once_it_is_warm() -> None:
    told: list[tuple[Setting, Transcript]] = []
    made: list[ScriptedTranscriber] = []

    def make(setting: Setting) -> ScriptedTranscriber:
        made.append(ScriptedTranscriber(in_turn(HEARD)))
        return made[-1]

    await measure(make, SETTINGS, CLIPS, lambda setting, transcript: told.append((setting, transcript)))
    assert [len(transcriber.requests) for transcriber in made] == [5, 5]
    assert [(setting, transcript.clip) for setting, transcript in told] == [
        (setting, clip.name) for clip in CLIPS for setting in SETTINGS
    ]
    assert all(transcript.ms > 0 for _, transcript in told)


async def test_wrong_words_are_counted_over_speech_and_words_over_noise(report: RecognitionReport) -> None:
    outcome = report.outcomes[0]
    assert (outcome.word_error.count, outcome.word_error.of) == (2, 8)
    assert (outcome.noise_with_words.count, outcome.noise_with_words.of) == (1, 2)
    assert outcome.time_ms is not None
    assert outcome.time_ms.n == 2


async def test_a_loop_is_counted() -> None:
    loop = Hypothesis("segment four " * 20, -0.1, 0.0)
    report = await measure(
        lambda setting: ScriptedTranscriber(in_turn([loop])), SETTINGS[:1], CLIPS, lambda setting, found: None
    )
    assert report.outcomes[0].looped == len(CLIPS)


async def test_the_record_is_json_with_the_machine(report: RecognitionReport, tmp_path: Path) -> None:
    write_json(tmp_path / "recognition.json", report.record())
    record = json.loads((tmp_path / "recognition.json").read_text())
    assert record["machine"]["cores"] >= 1
    assert record["libraries"]["ctranslate2"]
    first: dict[str, Any] = record["outcomes"][0]
    assert (first["model"], first["context_ms"], first["word_error"]["value"]) == ("tiny", 10_000, 0.25)
    assert [row["clip"] for row in first["transcripts"]] == [clip.name for clip in CLIPS]


async def test_the_table_has_a_line_for_each_setting(report: RecognitionReport) -> None:
    console = Console(record=True, width=120, file=None, quiet=True)
    table = recognition_table(report.outcomes)
    assert table.row_count == 2
    text = "\n".join(segment.text for segment in console.render(table))
    assert "10 s" in text
    assert "0.250" in text
    assert "1/2" in text


async def test_the_picture_is_a_png(report: RecognitionReport, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", exc_type=ImportError)
    path = plot_recognition(report.outcomes, tmp_path / "plots" / "recognition.png")
    assert path.read_bytes().startswith(b"\x89PNG")


def _invoked(*options: str) -> Result:
    command = typer.Typer()
    command.command()(recognition)
    return CliRunner().invoke(command, options)


def test_without_recordings_there_is_nothing_to_measure(tmp_path: Path) -> None:
    (tmp_path / "manifest.jsonl").write_text("", encoding="utf-8")
    ran = _invoked("--audio", str(tmp_path))
    assert ran.exit_code == 2
    assert "no recordings" in ran.output


@pytest.mark.models
def test_the_command_measures_the_real_model(
    models_dir: Path, audio_dir: Path, recordings: Callable[..., list[dict[str, Any]]], tmp_path: Path
) -> None:
    rows = [*recordings("speech")[:2], *recordings("noise")[:1]]
    for row in rows:
        (tmp_path / row["path"]).parent.mkdir(exist_ok=True)
        (tmp_path / row["path"]).symlink_to(audio_dir / row["path"])
    (tmp_path / "manifest.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    result = tmp_path / "result.json"
    options = ["--model", "whisper-tiny.en", "--context-ms", "10000", "--threads", "1", "--json", str(result)]
    options += ["--dir", str(models_dir), "--audio", str(tmp_path)]
    ran = _invoked(*options)
    assert ran.exit_code == 0, ran.output
    (outcome,) = json.loads(result.read_text())["outcomes"]
    assert outcome["word_error"]["of"] > 4
    assert [row["clip"] + ".wav" for row in outcome["transcripts"]] == [row["path"] for row in rows]
