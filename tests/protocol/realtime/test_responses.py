"""What a client is told of an answer: every event in its order, and `response.done` in any case."""

from __future__ import annotations

import base64

import pytest

from tests.protocol.realtime.call import Call, kinds, refusal
from voice_server.core import commands as facts
from voice_server.core import events, requests
from voice_server.core.playout import Word
from voice_server.protocol.realtime.reading import AfterSound

SECOND = 24_000
PCM = bytes(960)  # 20 ms


def words(*texts: str) -> tuple[Word, ...]:
    """A word a second."""
    return tuple(Word(text, i * SECOND, (i + 1) * SECOND) for i, text in enumerate(texts))


def answering(call: Call, *, asked: str | None = None) -> None:
    """An answer is there, with its text and two seconds of sound."""
    call.fact(facts.ResponseBegan(1, 1, asked), facts.TextAdded(1, "It is "), facts.TextAdded(1, "noon."))
    call.fact(facts.WordsPlaced(1, words("It", "is", "noon.")))
    call.play(1, 0, bytes(2 * 2 * SECOND))


def ended(status: facts.ResponseStatus = "completed", heard: str = "It is noon.") -> facts.ResponseEnded:
    return facts.ResponseEnded(1, status, "It is noon.", heard)


def test_a_spoken_answer_from_created_to_done() -> None:
    call = Call()
    call.send("response.create", response={"metadata": {"client_event_id": "c-42"}})
    (wanted,) = call.core
    assert isinstance(wanted, requests.AnswerWanted)
    answering(call, asked=wanted.tag)
    call.play(1, 2 * SECOND, PCM, last=True)
    call.fact(ended())
    assert kinds(call.frames[1:]) == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio_transcript.delta",
        "response.output_audio_transcript.delta",
        "response.output_audio.delta",
        "response.output_audio.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
    ]
    assert base64.b64decode(call.frames[8]["delta"]) == PCM
    response = call.frames[-1]["response"]
    assert (response["status"], response["metadata"]) == ("completed", {"client_event_id": "c-42"})
    (item,) = response["output"]
    assert item["content"] == [{"type": "output_audio", "transcript": "It is noon."}]
    assert call.frames[1]["response"]["metadata"] == {"client_event_id": "c-42"}
    assert len({frame["event_id"] for frame in call.frames}) == len(call.frames)


def test_a_written_answer_from_created_to_done() -> None:
    call = Call()
    assert call.update(output_modalities=["text"])["output_modalities"] == ["text"]
    (configured,) = call.core
    assert isinstance(configured, events.Configured)
    assert not configured.config.speech
    call.fact(facts.ResponseBegan(1, 0), facts.TextAdded(1, "Noon."), ended(heard="Noon."))
    assert kinds(call.frames[2:]) == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
    ]
    assert call.frames[-1]["response"]["output"][0]["content"] == [{"type": "output_text", "text": "Noon."}]


@pytest.mark.parametrize(("reason", "told"), [("barge_in", "turn_detected"), ("client", "client_cancelled")])
def test_an_answer_that_is_broken_off_keeps_what_was_heard(reason: facts.StopReason, told: str) -> None:
    call = Call()
    answering(call)
    cut = call.fact(facts.ResponseStopped(1, reason, 900), ended("interrupted", "It is"))
    assert kinds(cut) == [
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
    ]
    response = cut[-1]["response"]
    assert response["status_details"] == {"type": "cancelled", "reason": told}
    assert response["output"][0]["status"] == "incomplete"
    assert cut[1]["transcript"] == "It is"


def test_an_answer_that_is_broken_off_before_a_word_has_no_output() -> None:
    call = Call()
    call.fact(facts.ResponseBegan(1, 1), facts.ResponseStopped(1, "barge_in", 900))
    (done,) = call.fact(ended("interrupted", ""))
    assert (done["type"], done["response"]["output"]) == ("response.done", [])


def test_a_failed_answer_says_why() -> None:
    call = Call()
    call.fact(facts.ResponseBegan(1, 1), facts.Trouble("generation_failed", "It is down."))
    done = call.fact(facts.TextAdded(1, "Sorry."), ended("failed"))[-1]
    error = {"type": "server_error", "code": "generation_failed", "message": "It is down."}
    assert done["response"]["status_details"] == {"type": "failed", "error": error}


def test_a_function_call_beside_words_is_an_item_of_its_own() -> None:
    call = Call()
    call.fact(facts.ResponseBegan(1, 1), facts.TextAdded(1, "Wait. "))
    called = call.fact(facts.ToolCalled("call_7", 1, "get_time", '{"city":"Oslo"}'))
    assert kinds(called) == [
        "response.output_item.added",
        "conversation.item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "conversation.item.done",
        "response.output_item.done",
    ]
    assert called[0]["item"]["arguments"] == ""
    assert (called[3]["name"], called[3]["call_id"]) == ("get_time", "call_7")
    assert {frame["output_index"] for frame in called if "output_index" in frame} == {1}
    done = call.fact(ended())[-1]
    assert [item["type"] for item in done["response"]["output"]] == ["message", "function_call"]
    call.core.clear()
    output = {"type": "function_call_output", "call_id": "call_7", "output": "noon"}
    assert kinds(call.send("conversation.item.create", item=output)) == [
        "conversation.item.added",
        "conversation.item.done",
    ]
    assert call.core == [events.ToolAnswered("call_7", "noon", None, speak="never")]


def test_what_came_before_a_false_alarm_is_not_sent_again() -> None:
    call = Call()
    answering(call)
    call.fact(facts.ResponseStopped(1, "barge_in", 900), facts.ResponseResumed(1, SECOND))
    sent = call.play(1, SECOND, bytes(2 * SECOND))
    assert sent == []
    (delta,) = call.play(1, 2 * SECOND - 240, PCM)
    assert len(base64.b64decode(delta["delta"])) == 480


@pytest.mark.parametrize("encoding", ["audio/pcmu", "audio/pcma"])
def test_sound_as_telephones_want_it(encoding: str) -> None:
    call = Call()
    audio = call.update(audio={"output": {"format": {"type": encoding}}})["audio"]
    assert audio["output"]["format"] == {"type": encoding}
    call.fact(facts.ResponseBegan(1, 1), facts.TextAdded(1, "Hm."))
    sent = call.play(1, 0, PCM) + call.play(1, 480, PCM, last=True)
    assert sum(len(base64.b64decode(frame["delta"])) for frame in sent) == 320


def test_without_sound_in_band_there_are_words_and_no_audio_deltas() -> None:
    call = Call(in_band=False)
    answering(call)
    call.fact(ended())
    assert "response.output_audio.delta" not in kinds(call.frames)
    assert "response.output_audio.done" in kinds(call.frames)


def test_a_response_beside_another_is_refused_by_its_event_id() -> None:
    call = Call()
    call.send("response.create", event_id="e-9")
    (wanted,) = call.core
    assert isinstance(wanted, requests.AnswerWanted)
    told = call.fact(facts.Trouble("not_now", "busy", asked=wanted.tag))
    assert refusal(told) == ("conversation_already_has_active_response", None, "e-9")


def test_a_response_aside_belongs_to_no_conversation() -> None:
    call = Call()
    call.send("conversation.item.create", item=USER_SAYS)
    call.core.clear()
    call.send(
        "response.create",
        response={
            "conversation": "none",
            "output_modalities": ["text"],
            "instructions": "Classify.",
            "max_output_tokens": 5,
            "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}],
            "input": [
                {"type": "item_reference", "id": "item_u"},
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Really?"}]},
            ],
        },
    )
    (wanted,) = call.core
    assert isinstance(wanted, requests.AnswerWanted)
    wish = wanted.wish
    assert [m.content for m in wish.messages or ()] == ["what time is it", "Really?"]
    assert (wish.instructions, wish.max_tokens, wish.speech, wish.remembered) == (
        "Classify.",
        5,
        False,
        False,
    )
    assert [tool.name for tool in wish.tools or ()] == ["f"]
    told = call.fact(facts.ResponseBegan(1, 0, wanted.tag), facts.TextAdded(1, "Yes."), ended())
    assert not [kind for kind in kinds(told) if kind.startswith("conversation.")]
    assert told[-1]["response"]["conversation_id"] is None


USER_SAYS = {
    "id": "item_u",
    "type": "message",
    "role": "user",
    "content": [{"type": "input_text", "text": "what time is it"}],
}


# ── cancel ──


def test_a_cancel_is_the_stop_button() -> None:
    call = Call()
    answering(call)
    call.core.clear()
    items = call.codec.read('{"type": "response.cancel", "event_id": "e-1"}')
    assert isinstance(stop := next(items), AfterSound)
    assert stop.what == events.Interrupted()
    call.fact(facts.ResponseStopped(1, "client", 900), ended("interrupted", ""))
    assert isinstance(check := next(items), AfterSound)
    assert call.take(check) == []


@pytest.mark.parametrize("named", [{}, {"response_id": "resp_x_7"}])
def test_a_cancel_of_nothing_is_refused(named: dict[str, str]) -> None:
    call = Call()
    if named:
        answering(call)
    refused = call.send("response.cancel", event_id="e-1", **named)
    assert refusal(refused) == ("response_cancel_not_active", None, "e-1")
    assert refused[0]["error"]["message"].startswith("Cancellation failed")
    assert not [event for event in call.core if named and isinstance(event, events.Interrupted)]
