"""Journals: what was written is read again, in whatever pieces."""

from __future__ import annotations

import pytest

from voice_server.core import events
from voice_server.core.policy import Policy, SessionConfig
from voice_server.core.revival import Told
from voice_server.runtime.journal import Journal, recall

TOLD: list[Told] = [
    (0, events.SessionBegan()),
    (10, events.UserTyped("Grüße — “hello”\u2028\u0085")),
    (20, None),
    (30, events.SpeechStarted(5, 30)),
]


def _journal() -> Journal:
    return Journal(SessionConfig(instructions="Be brief."), Policy(idle_limit_ms=5))


def test_the_state_and_the_news_after_it_are_all_of_it() -> None:
    journal = _journal()
    for now_ms, event in TOLD[:2]:
        journal.told(event, now_ms)
    state = journal.pack(3)
    assert journal.sound() == ()
    for now_ms, event in TOLD[2:]:
        journal.told(event, now_ms)
    recalled = recall(state, journal.news(7))
    assert recalled.told == TOLD
    assert recalled.last_seq == 7
    assert (recalled.config.instructions, recalled.policy.idle_limit_ms) == ("Be brief.", 5)


def test_a_new_state_stands_in_for_the_news_before_it() -> None:
    journal = _journal()
    journal.pack(1)
    for now_ms, event in TOLD:
        journal.told(event, now_ms)
    journal.news(2)
    assert recall(journal.pack(9), journal.sound()).told == TOLD


def test_sound_is_kept_until_its_response_is_discarded() -> None:
    journal = _journal()
    journal.spoken(1, b"\1\0")
    journal.spoken(2, b"\2\0")
    news = journal.news(1)
    journal.spoken(2, b"\3\0")
    state, sound = journal.pack(1), journal.sound()
    assert {r: bytes(pcm) for r, pcm in recall(state, news).sound.items()} == {1: b"\1\0", 2: b"\2\0"}
    assert bytes(recall(state, sound).sound[2]) == b"\2\0\3\0"
    journal.discarded(2)
    assert 2 not in recall(journal.pack(1), journal.sound()).sound


@pytest.mark.parametrize("state", [b"", b"nonsense"])
def test_what_is_no_journal_is_refused(state: bytes) -> None:
    with pytest.raises(ValueError, match="journal"):
        recall(state, ())
