from __future__ import annotations

from tests.bench.sessions import Session
from voice_server.bench.faults import Faults, count_faults

NONE = Faults(0, 0, 0)


def test_an_honest_session_has_none() -> None:
    session = Session().says(100, "response.started", response=1).plays(110, 20)
    session.says(120, "response.stop", response=1).says(150, "response.resume", response=1, position=0)
    session.plays(160, 20).says(200, "response.done", response=1)
    session.says(300, "transcript.partial", turn=2, text="I want", stable=2)
    session.says(400, "transcript.partial", turn=2, text="I wonder", stable=8)
    session.says(500, "transcript.final", turn=2, text="I wonder why.")
    assert count_faults(session.log) == NONE


def test_audio_after_a_stop_is_counted_until_the_resume() -> None:
    session = Session().says(100, "response.started", response=1).plays(110, 20)
    session.says(120, "response.stop", response=1).plays(121, 20).plays(122, 20)
    session.says(150, "response.resume", response=1, position=0).plays(160, 20)
    assert count_faults(session.log).frames_after_stop == 2


def test_audio_of_a_response_that_never_began_or_is_over_has_leaked() -> None:
    session = Session().plays(90, 20, response=7).says(100, "response.started", response=1).plays(110, 20)
    session.says(200, "response.done", response=1).plays(210, 20)
    assert count_faults(session.log).leaked_frames == 2


def test_an_empty_last_frame_is_no_sound() -> None:
    session = Session().says(100, "response.started", response=1).says(200, "response.done", response=1)
    assert count_faults(session.plays(210, 0).log) == NONE


def test_a_stable_prefix_must_stay_in_partials_and_in_the_final() -> None:
    session = Session().says(100, "transcript.partial", turn=1, text="I want a", stable=6)
    session.says(200, "transcript.partial", turn=1, text="I want tea", stable=2)
    session.says(300, "transcript.partial", turn=1, text="I went", stable=6)
    session.says(400, "transcript.final", turn=1, text="I want tea.")
    session.says(500, "transcript.final", turn=2, text="Other.")
    assert count_faults(session.log).changed_prefixes == 2
