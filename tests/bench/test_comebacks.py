from __future__ import annotations

from dataclasses import replace

from tests.bench.sessions import Session
from voice_server.bench.comebacks import Cycle, found, numbers_of
from voice_server.bench.statistics import NEVER, Distribution, Share
from voice_server.client.clock import NS_PER_MS
from voice_server.client.log import Entry

TEXT = "Good morning."
DONE = {"response": 1, "status": "completed", "text": TEXT, "heard": TEXT}


def lost_and_back(session: Session, lost_ms: int, knock_ms: int, back_ms: int) -> Session:
    for at_ms, type_ in ((lost_ms, "connection"), (knock_ms, "session.resume")):
        session.log.add(Entry(at_ms * NS_PER_MS, False, {"type": type_}))
    return session.says(back_ms, "session.resumed", from_seq=3, seq=2)


def whole() -> Session:
    """Killed at 500, back at 780, and goes on with what was heard at 600."""
    session = Session().says(0, "session.started", seq=1).says(10, "response.started", seq=2, response=1)
    session.plays(100, 500)
    lost_and_back(session, 500, 700, 780)
    session.says(781, "response.text", seq=3, response=1)
    session.plays(800, 200, position=400)
    return session.says(900, "response.done", seq=4, **DONE)


def test_a_session_that_lost_nothing() -> None:
    cycle = found(whole().recording(), TEXT, None)
    assert cycle == Cycle(
        away_ms=280,
        resumed_ms=80,
        audio_ms=100,
        silence_ms=200,
        lost_messages=0,
        doubled_messages=0,
        lost_ms=0,
        doubled_ms=0,
        text_kept=True,
    )
    assert [number.key for number in numbers_of([cycle]) if number.met is False] == []


def test_messages_that_are_lost_or_come_twice_are_counted() -> None:
    session = whole()
    for seq in (2, 3, 7):
        session.says(950, "response.text", seq=seq, response=1)
    cycle = found(session.recording(), TEXT, None)
    assert (cycle.lost_messages, cycle.doubled_messages) == (2, 2)


def test_sound_that_is_missing_or_played_again_is_measured() -> None:
    session = Session().plays(0, 100)
    session.plays(50, 100, position=130)
    session.loudspeaker.resume(1)
    session.plays(60, 100, position=210)
    cycle = found(session.recording(), TEXT, None)
    assert (cycle.lost_ms, cycle.doubled_ms, cycle.silence_ms) == (30, 20, 0)


def test_what_never_came_is_the_worst() -> None:
    cycle = found(Session().recording(), TEXT, "lost")
    assert (cycle.away_ms, cycle.resumed_ms, cycle.audio_ms) == (NEVER, NEVER, NEVER)
    assert not cycle.text_kept


def test_a_response_that_broke_off_is_not_whole() -> None:
    for broken in ({"status": "failed"}, {"text": "Good"}, {"heard": "Good"}):
        session = Session().says(900, "response.done", seq=1, **{**DONE, **broken})
        cycle = found(session.recording(), TEXT, None)
        assert not cycle.text_kept
        assert next(iter(broken.values())) in (cycle.said or "")
    twice = Session().says(1, "response.done", seq=1, **DONE).says(2, "response.done", seq=2, **DONE)
    assert not found(twice.recording(), TEXT, None).text_kept


def test_one_bad_cycle_shows() -> None:
    good = found(whole().recording(), TEXT, None)
    bad = replace(good, lost_messages=1, doubled_messages=1, lost_ms=5, doubled_ms=5, text_kept=False)
    numbers = {number.key: number for number in numbers_of([good, replace(bad, error="lost", audio_ms=400)])}
    missed = [key for key, number in numbers.items() if number.met is False]
    assert missed == [
        "restored",
        "lost_messages",
        "doubled_messages",
        "lost_sound",
        "doubled_sound",
        "text_kept",
        "failed",
    ]
    assert numbers["text_kept"].value == Share(1, 2)
    assert isinstance(numbers["restored"].value, Distribution)
