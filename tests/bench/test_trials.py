from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.bench.sessions import clip
from voice_server.bench.clips import Clip, load_clips
from voice_server.bench.trials import Suite, planned
from voice_server.client.wav import write_wav
from voice_server.errors import ConfigurationError


def named(name: str, kind: str, transcript: str | None = None) -> Clip:
    return Clip(name, kind, np.zeros(0, np.int16), transcript, ((0.0, 1.0),), 1.0)


CLIPS = [
    named("speech/a", "speech", "Hello."),
    named("speech/b", "speech", "Bye."),
    named("backchannel/no", "backchannel", "No."),
    named("backchannel/yeah", "backchannel", "Yeah."),
    named("noise/dog", "noise"),
    named("long/talk", "long", "I talk."),
]


def test_turns_and_interruptions_repeat_until_there_are_enough() -> None:
    plan = planned(CLIPS, [Suite.TURNS, Suite.INTERRUPTIONS], 5)
    assert Counter(trial.suite for trial in plan) == {Suite.TURNS: 5, Suite.INTERRUPTIONS: 5}
    assert [t.clip.name for t in plan[:5]] == ["speech/a", "speech/b", "speech/a", "speech/b", "speech/a"]
    assert [t.number for t in plan[:5]] == [0, 1, 2, 3, 4]


def test_a_stop_word_is_an_interruption_though_it_is_short() -> None:
    plan = planned(CLIPS, list(Suite), 40)
    said = {suite: {t.clip.name for t in plan if t.suite is suite} for suite in Suite}
    assert said[Suite.INTERRUPTIONS] == {"speech/a", "speech/b", "backchannel/no"}
    assert said[Suite.NOISE] == {"backchannel/yeah", "noise/dog"}
    assert said[Suite.LONG] == {"long/talk"}


def test_noises_and_long_recordings_are_not_repeated() -> None:
    assert len(planned(CLIPS, [Suite.NOISE, Suite.LONG], 40)) == 3


def test_fewer_trials_than_clips_are_taken_from_the_whole_list() -> None:
    clips = [named(f"speech/{index}", "speech") for index in range(9)]
    assert [t.clip.name[-1] for t in planned(clips, [Suite.TURNS], 3)] == ["0", "3", "6"]


def test_without_clips_there_are_no_trials() -> None:
    assert planned([], list(Suite), 40) == []


def test_clips_carry_the_truth_of_the_manifest(tmp_path: Path) -> None:
    (tmp_path / "speech").mkdir()
    sound = np.concatenate([np.zeros(4_800, np.int16), np.full(8_000, 9_000, np.int16)])
    write_wav(tmp_path / "speech" / "a.wav", sound, 16_000)
    row = {"path": "speech/a.wav", "kind": "speech", "transcript": "Hi.", "energy_end_s": 0.75}
    noise = {"path": "speech/a.wav", "kind": "noise", "transcript": None}
    lines = [row | {"speech_segments_s": [[0.32, 0.5], [0.6, 0.8]]}, noise, row | {"kind": "rir"}]
    (tmp_path / "manifest.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    speech, dog = load_clips(tmp_path, ("speech", "noise"))
    assert (speech.name, speech.begin_ms, speech.end_ms, speech.energy_end_ms) == ("speech/a", 320, 800, 750)
    assert speech.length_ms == 800
    assert (dog.begin_ms, dog.end_ms, dog.energy_end_ms) == (300, 800, 800)


def test_a_directory_without_a_manifest_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no manifest\.jsonl in"):
        load_clips(tmp_path, ("speech",))


def test_a_recording_in_which_nothing_is_heard_is_named(tmp_path: Path) -> None:
    (tmp_path / "speech").mkdir()
    write_wav(tmp_path / "speech" / "a.wav", np.zeros(8_000, np.int16), 16_000)
    row = {"path": "speech/a.wav", "kind": "speech", "transcript": "Hi."}
    spoken, ended = {"speech_segments_s": [[0.1, 0.4]]}, {"energy_end_s": 0.4}
    for known in ({}, spoken, ended):
        (tmp_path / "manifest.jsonl").write_text(json.dumps(row | known))
        with pytest.raises(ConfigurationError, match=r"nothing is heard in .*speech/a\.wav: .*-50 dBFS"):
            load_clips(tmp_path, ("speech",))
    (tmp_path / "manifest.jsonl").write_text(json.dumps(row | spoken | ended))
    assert [clip.end_ms for clip in load_clips(tmp_path, ("speech",))] == [400]


def test_the_recordings_of_the_checkout_are_what_the_goals_are_about(audio_dir: Path) -> None:
    clips = load_clips(audio_dir, ("speech", "long", "backchannel", "noise"))
    plan = planned(clips, list(Suite), 40)
    assert Counter(t.suite for t in plan) == {
        Suite.TURNS: 40,
        Suite.INTERRUPTIONS: 40,
        Suite.NOISE: 26,
        Suite.LONG: 6,
    }
    assert sum(len(c.pauses_ms(200)) for c in clips if c.kind == "long") >= 30
    assert clip((0, 1)).pauses_ms(200) == []
