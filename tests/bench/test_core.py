"""The conversation that the core's speed is measured with is one."""

from __future__ import annotations

from voice_server.bench.core import ANSWERED, BARGE_IN, EXCHANGE_MS, SAID, Talk, measure
from voice_server.core.policy import SessionConfig


def test_every_question_is_answered_and_every_third_answer_is_spoken_over() -> None:
    talk = Talk(SessionConfig(output_rate_hz=16_000))
    talk.hold(4 * EXCHANGE_MS)
    said = [command for record in talk.records[1:] for command in record["commands"]]
    committed = [command["text"] for command in said if command["type"] == "TranscriptCommitted"]
    assert committed == [SAID, BARGE_IN, SAID, SAID, SAID, BARGE_IN]
    ended = [command for command in said if command["type"] == "ResponseEnded"]
    statuses = [command["status"] for command in ended]
    assert statuses == ["interrupted", "completed", "completed", "completed", "interrupted", "completed"]
    assert all((end["heard"] == ANSWERED) == (end["status"] == "completed") for end in ended)


def test_all_of_it_is_processed_and_replays() -> None:
    speed = measure(10 * EXCHANGE_MS)
    assert speed.conversation_ms == 150_000
    assert speed.decisions > 500
    assert speed.commands > speed.decisions
    assert speed.core_s > 0
    assert speed.replay_s > 0
