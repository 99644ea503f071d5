"""Conversations over a real socket with the whole server; models by script."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.transports.house import open_house, scripted_models
from tests.transports.listening import until
from tests.transports.realtime.visitor import Visitor, visit
from voice_server.adapters.scripted_speaking import ScriptedLanguageModel, Step, in_turn
from voice_server.errors import ModelError
from voice_server.ports import Models

LONG = "This answer is so long that it can be spoken over, and that is what it is for, again and again."
ANSWER_MS = 420
"""How long the scripted voice speaks the scripted answer."""
TRANSCRIBED = {"input": {"transcription": {"model": "whisper-1"}}}
MANUAL = {"input": {"transcription": {"model": "whisper-1"}, "turn_detection": None}}


def models(*answers: str | Sequence[Step]) -> tuple[Models, ScriptedLanguageModel]:
    """As scripted, with these answers."""
    model = ScriptedLanguageModel(in_turn(*answers) if answers else None)
    return replace(scripted_models(), language_model=model), model


async def begin(visitor: Visitor, **session: object) -> None:
    """The session is there, and configured."""
    await visitor.next("session.created")
    await visitor.update(**session)


async def test_a_text_turn_is_answered_in_writing() -> None:
    async with open_house() as house, visit(house) as visitor:
        created = await visitor.next("session.created")
        assert created["session"]["model"] == "m"
        await visitor.update(output_modalities=["text"])
        await visitor.says("Hello.")
        await visitor.send("response.create", response={"metadata": {"tag": "7"}})
        done = (await visitor.next("response.done"))["response"]
    assert (done["status"], done["metadata"]) == ("completed", {"tag": "7"})
    assert done["output"][0]["content"] == [{"type": "output_text", "text": "All right, I am on it."}]
    assert visitor.sound() == b""


async def test_a_spoken_turn_is_answered_aloud() -> None:
    async with open_house() as house, visit(house) as visitor:
        await begin(visitor, audio=TRANSCRIBED)
        await visitor.speak(600)
        await visitor.rest(1_000)
        words = await visitor.next("conversation.item.input_audio_transcription.completed")
        done = (await visitor.next("response.done"))["response"]
    assert (words["transcript"], done["status"]) == ("Hello.", "completed")
    assert done["output"][0]["content"][0]["transcript"] == "All right, I am on it."
    assert len(visitor.sound()) == ANSWER_MS * 24 * 2
    order = [kind for kind in visitor.kinds() if kind in ORDER]
    assert order == ORDER


ORDER = [
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.input_audio_transcription.completed",
    "response.created",
    "response.content_part.added",
    "response.output_audio.done",
    "response.done",
]


async def test_who_speaks_over_an_answer_ends_it() -> None:
    async with open_house(models(LONG)[0]) as house, visit(house) as visitor:
        await begin(visitor, audio=TRANSCRIBED)
        await visitor.says("Tell me.")
        await visitor.send("response.create")
        delta = await visitor.next("response.output_audio.delta")
        await visitor.speak(1_000)
        await visitor.next("input_audio_buffer.speech_started")
        done = (await visitor.next("response.done"))["response"]
        assert done["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
        await visitor.send(
            "conversation.item.truncate", item_id=delta["item_id"], content_index=0, audio_end_ms=150
        )
        await visitor.send("conversation.item.retrieve", item_id=delta["item_id"])
        shown = (await visitor.next("conversation.item.retrieved"))["item"]
        assert shown["content"][0]["transcript"] == "This"


async def test_a_cancelled_answer_is_done_and_a_second_cancel_is_refused() -> None:
    async with open_house(models(LONG)[0]) as house, visit(house) as visitor:
        await begin(visitor)
        await visitor.send("response.create")
        await visitor.send("response.cancel")
        done = (await visitor.next("response.done"))["response"]
        assert done["status_details"]["reason"] == "client_cancelled"
        await visitor.send("response.cancel", event_id="e-1")
        error = (await visitor.next("error"))["error"]
        assert (error["code"], error["event_id"]) == ("response_cancel_not_active", "e-1")


async def test_two_answers_at_once_are_one_and_an_error() -> None:
    async with open_house(models(LONG)[0]) as house, visit(house) as visitor:
        await begin(visitor)
        await visitor.send("response.create")
        await visitor.send("response.create", event_id="e-2")
        error = (await visitor.next("error"))["error"]
        assert (error["code"], error["event_id"]) == ("conversation_already_has_active_response", "e-2")
        assert visitor.kinds().count("response.created") == 1


async def test_push_to_talk() -> None:
    scripted, model = models()
    async with open_house(scripted) as house, visit(house) as visitor:
        await begin(visitor, audio=MANUAL)
        for _ in range(2):
            await visitor.speak(600)
            await visitor.send("input_audio_buffer.commit")
            await visitor.send("response.create")
            committed = await visitor.next("input_audio_buffer.committed")
            words = await visitor.next("conversation.item.input_audio_transcription.completed")
            assert (words["item_id"], words["transcript"]) == (committed["item_id"], "Hello.")
            assert (await visitor.next("response.done"))["response"]["status"] == "completed"
        assert "input_audio_buffer.speech_started" not in visitor.kinds()
    prompts = [[message.content for message in messages] for messages, _ in model.requests]
    assert [prompt[1:] for prompt in prompts] == [
        ["Hello."],
        ["Hello.", "All right, I am on it.", "Hello."],
    ]


async def test_a_turn_may_go_without_an_answer() -> None:
    quiet = {"input": {"turn_detection": {"type": "server_vad", "create_response": False}}}
    async with open_house() as house, visit(house) as visitor:
        await begin(visitor, audio=quiet)
        await visitor.speak(600)
        await visitor.rest(1_000)
        await visitor.next("conversation.item.done")
        assert "response.created" not in visitor.kinds()
        await visitor.send("response.create")
        assert (await visitor.next("response.done"))["response"]["status"] == "completed"


OVER = {"type": "server_vad", "interrupt_response": False}


async def test_what_is_said_over_an_answer_that_goes_on_is_answered_after_it() -> None:
    scripted, model = models(LONG, "Now to that.")
    async with open_house(scripted) as house, visit(house) as visitor:
        await begin(visitor, audio={"input": {**TRANSCRIBED["input"], "turn_detection": OVER}})
        await visitor.says("Tell me.")
        await visitor.send("response.create")
        await visitor.next("response.output_audio.delta")
        await visitor.speak(600)
        await visitor.rest(1_000)
        words = await visitor.next("conversation.item.input_audio_transcription.completed")
        assert "response.done" not in visitor.kinds()
        first = (await visitor.next("response.done"))["response"]
        second = (await visitor.next("response.done"))["response"]
    assert (first["status"], second["status"]) == ("completed", "completed")
    assert second["output"][0]["content"][0]["transcript"] == "Now to that."
    prompt = [message.content for message in model.requests[1][0]]
    assert prompt[1:] == ["Tell me.", LONG, words["transcript"]]


async def test_a_session_that_only_transcribes() -> None:
    scripted, model = models()
    async with open_house(scripted) as house, visit(house, "?intent=transcription") as visitor:
        created = await visitor.next("session.created")
        assert created["session"]["type"] == "transcription"
        for _ in range(2):
            await visitor.speak(600)
            await visitor.rest(1_000)
            words = await visitor.next("conversation.item.input_audio_transcription.completed")
            assert words["transcript"] == "Hello."
        await visitor.send("response.create")
        assert (await visitor.next("error"))["error"]["code"] == "invalid_value"
    assert model.requests == []
    assert not [kind for kind in visitor.kinds() if kind.startswith("response.")]


async def test_who_says_nothing_is_asked_whether_they_are_there() -> None:
    scripted, model = models("It is noon.", "Are you there?")
    impatient = {"type": "server_vad", "idle_timeout_ms": 100}
    async with open_house(scripted) as house, visit(house) as visitor:
        await begin(visitor, audio={"input": {**TRANSCRIBED["input"], "turn_detection": impatient}})
        await visitor.says("What time is it?")
        await visitor.send("response.create")
        await visitor.next("response.done")
        silent = await visitor.next("input_audio_buffer.timeout_triggered")
        item = (await visitor.next("conversation.item.done"))["item"]
        done = (await visitor.next("response.done"))["response"]
    assert item["id"] == silent["item_id"]
    assert done["output"][0]["content"][0]["transcript"] == "Are you there?"
    assert [message.role for message in model.requests[1][0]][-2:] == ["assistant", "user"]


@pytest.mark.parametrize("encoding", ["audio/pcmu", "audio/pcma"])
async def test_a_telephone_call(encoding: str) -> None:
    phone = {"input": {"format": {"type": encoding}}, "output": {"format": {"type": encoding}}}
    async with open_house() as house, visit(house) as visitor:
        await begin(visitor, audio=phone)
        loud, quiet = (b"\x80", b"\xff") if encoding == "audio/pcmu" else (b"\xaa", b"\xd5")
        await visitor.connection.send(loud * 8 * 300 + quiet * 8 * 300)  # 300 ms each
        await visitor.connection.send(quiet * 8 * 1_000)
        assert (await visitor.next("response.done"))["response"]["status"] == "completed"
        assert len(visitor.sound()) == ANSWER_MS * 8


async def test_a_failed_answer_is_done_too() -> None:
    broken, _ = models(["Well, ", ModelError("it is down")])
    async with open_house(broken) as house, visit(house) as visitor:
        await begin(visitor, output_modalities=["text"])
        await visitor.send("response.create")
        done = (await visitor.next("response.done"))["response"]
        assert done["status"] == "failed"
        assert done["status_details"]["error"]["message"] == "it is down"
        assert "error" not in visitor.kinds()


async def test_a_malformed_event_changes_nothing() -> None:
    async with open_house() as house, visit(house) as visitor:
        await begin(visitor, output_modalities=["text"])
        for bad in ("{", "[]", '{"type": "nonsense", "event_id": "e-1"}', '{"type": "response.create"'):
            await visitor.connection.send(bad)
            assert (await visitor.next("error"))["error"]["type"] == "invalid_request_error"
        await visitor.connection.send(b"odd")
        assert (await visitor.next("error"))["error"]["param"] == "audio"
        await visitor.send("response.create")
        assert (await visitor.next("response.done"))["response"]["status"] == "completed"


async def test_who_leaves_in_the_middle_leaves_nothing_behind() -> None:
    async with open_house(models(LONG)[0]) as house:
        async with visit(house) as visitor:
            await begin(visitor)
            await visitor.send("response.create")
            await visitor.next("response.output_audio.delta")
            assert len(house.sessions) == 1
        await until(lambda: len(house.sessions) == 0)


async def test_who_is_silent_for_long_is_not_thrown_out() -> None:
    async with open_house(session={"heartbeat_ms": 150}) as house, visit(house) as visitor:
        await begin(visitor, output_modalities=["text"])
        await asyncio.sleep(0.75)  # five heartbeats that nobody answers
        await visitor.send("response.create")
        assert (await visitor.next("response.done"))["response"]["status"] == "completed"
