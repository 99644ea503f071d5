"""Items that a client adds, looks at, cuts and takes out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.protocol.realtime.call import Call, kinds, refusal
from voice_server.core import commands as facts
from voice_server.core import events, requests
from voice_server.core.conversation import Message
from voice_server.core.playout import Word
from voice_server.core.tools import ToolCall

SECOND = 24_000


def says(role: str, text: str, **fields: Any) -> dict[str, Any]:
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}], **fields}


def create(call: Call, item: dict[str, Any], **fields: Any) -> list[dict[str, Any]]:
    return call.send("conversation.item.create", item=item, **fields)


def order(call: Call) -> list[str | None]:
    """What each item was told to follow."""
    return [f["previous_item_id"] for f in call.frames if f["type"] == "conversation.item.added"]


def test_items_are_put_where_the_client_wants_them() -> None:
    call = Call()
    create(call, says("user", "one", id="a"))
    create(call, says("assistant", "three", id="c"))
    create(call, says("user", "two", id="b"), previous_item_id="a")
    create(call, says("system", "none", id="z"), previous_item_id="root")
    assert order(call) == [None, "a", "a", None]
    assert call.core == [
        requests.MessageAdded("a", Message("user", "one")),
        requests.MessageAdded("c", Message("assistant", "three")),
        requests.MessageAdded("b", Message("user", "two"), "a"),
        requests.MessageAdded("z", Message("system", "none"), ""),
    ]


def test_an_item_behind_what_was_said_is_there_in_the_core_too() -> None:
    call = Call()
    call.fact(facts.TranscriptCommitted(3, "Hello.", 0, 900))
    create(call, says("system", "He smiles."), previous_item_id="item_x_u3")
    (added,) = call.core
    assert isinstance(added, requests.MessageAdded)
    assert added.after == "turn:3"


def test_an_item_keeps_its_id_or_is_given_one() -> None:
    call = Call()
    added, done = create(call, says("user", "one"))
    assert added["item"] == done["item"]
    assert added["item"]["id"].startswith("item_x_c")
    assert added["item"]["status"] == "completed"


def test_functions_of_another_session_are_history() -> None:
    call = Call()
    create(call, {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}", "id": "a"})
    create(call, {"type": "function_call_output", "call_id": "call_1", "output": "7", "id": "b"})
    assert call.core == [
        requests.MessageAdded("a", Message("assistant", "", calls=(ToolCall("call_1", "f", "{}"),))),
        requests.MessageAdded("b", Message("tool", "7", call="call_1")),
    ]
    assert [f["item"]["type"] for f in call.frames[1::2]] == ["function_call", "function_call_output"]


@pytest.mark.parametrize(
    ("item", "fields", "code", "param"),
    [
        (says("user", "x", id="a"), {}, "item_create_duplicate_item_id", "item.id"),
        (says("user", "x"), {"previous_item_id": "nowhere"}, "invalid_value", "previous_item_id"),
        (says("robot", "x"), {}, "invalid_value", "item.role"),
        ({"type": "message", "role": "user"}, {}, "missing_required_parameter", "item.content"),
        ({"type": "thought"}, {}, "invalid_value", "item.type"),
        ({}, {}, "missing_required_parameter", "item.type"),
        (
            {"type": "message", "role": "user", "content": [{"type": "input_image", "image_url": "data:"}]},
            {},
            "invalid_value",
            "item.content.0",
        ),
    ],
)
def test_items_that_cannot_be_added(
    item: dict[str, Any], fields: dict[str, Any], code: str, param: str
) -> None:
    call = Call()
    create(call, says("user", "one", id="a"))
    call.core.clear()
    assert refusal(create(call, item, event_id="e-1", **fields)) == (code, param, "e-1")
    assert call.core == []


def test_an_item_is_shown_as_it_is() -> None:
    call = Call()
    added, _ = create(call, says("user", "one", id="a"))
    (retrieved,) = call.send("conversation.item.retrieve", item_id="a")
    assert (retrieved["type"], retrieved["item"]) == ("conversation.item.retrieved", added["item"])
    refused = call.send("conversation.item.retrieve", item_id="b", event_id="e-1")
    assert refusal(refused) == ("item_retrieve_invalid_item_id", "item_id", "e-1")


def test_a_deleted_item_is_gone() -> None:
    call = Call()
    create(call, says("user", "one", id="a"))
    assert kinds(call.send("conversation.item.delete", item_id="a")) == ["conversation.item.deleted"]
    assert call.core[-1] == requests.MessageRemoved("a")
    assert refusal(call.send("conversation.item.retrieve", item_id="a"))[0] == "item_retrieve_invalid_item_id"
    assert refusal(call.send("conversation.item.delete", item_id="a"))[0] == "item_delete_invalid_item_id"


def test_an_item_is_deleted_once_even_if_that_is_asked_for_twice_at_once() -> None:
    call = Call()
    create(call, says("user", "one", id="a"))
    twice = [
        list(call.codec.read(f'{{"type": "conversation.item.delete", "item_id": "a", "event_id": "e-{n}"}}'))
        for n in (1, 2)
    ]
    first, second = ([frame for item in read for frame in call.take(item)] for read in twice)  # type: ignore[arg-type]
    assert kinds(first) == ["conversation.item.deleted"]
    assert refusal(second) == ("item_delete_invalid_item_id", "item_id", "e-2")


def test_a_deleted_item_does_not_come_back() -> None:
    call = Call()
    call.update(audio={"input": {"transcription": {"model": "whisper-1"}, "turn_detection": None}})
    call.fact(facts.TurnOpened(1, 0), facts.TurnPaused(1, 980))
    begun = call.fact(facts.ResponseBegan(1, 1), facts.TextAdded(1, "It is"))
    answer = begun[-1]["item_id"]
    for item_id in ("item_x_u1", answer):
        assert kinds(call.send("conversation.item.delete", item_id=item_id)) == ["conversation.item.deleted"]
    call.fact(facts.TranscriptCommitted(1, "Hello.", 0, 980))
    ended = call.fact(facts.ResponseEnded(1, "completed", "It is", "It is"))
    assert kinds(ended)[-2:] == ["response.output_item.done", "response.done"]
    assert "conversation.item.done" not in kinds(ended)
    call.send("conversation.item.truncate", item_id=answer, content_index=0, audio_end_ms=100)
    for item_id in ("item_x_u1", answer):
        refused = call.send("conversation.item.retrieve", item_id=item_id)
        assert refusal(refused)[0] == "item_retrieve_invalid_item_id"
    assert create(call, says("user", "And?"))[0]["previous_item_id"] is None


def called(call: Call) -> str:
    """An answer says something and calls a function. Returns the item of the call."""
    call.fact(facts.ResponseBegan(1, 1), facts.TextAdded(1, "Wait."))
    call.fact(facts.ToolCalled("call_7", 1, "f", "{}"), facts.ResponseEnded(1, "completed", "Wait.", "Wait."))
    item_id: str = call.frames[-1]["response"]["output"][1]["id"]
    return item_id


def test_a_function_call_and_its_output_are_deleted_and_not_what_was_said_with_it() -> None:
    call = Call()
    call_item = called(call)
    create(call, {"type": "function_call_output", "call_id": "call_7", "output": "7", "id": "out"})
    assert call.core == [events.ToolAnswered("call_7", "7", None, speak="never")]
    for item_id in (call_item, "out"):
        assert kinds(call.send("conversation.item.delete", item_id=item_id)) == ["conversation.item.deleted"]
    assert call.core[1:] == [requests.MessageRemoved("call:call_7"), requests.MessageRemoved("result:call_7")]


def test_an_item_behind_a_function_call_is_there_in_the_core_too() -> None:
    call = Call()
    create(call, says("user", "And?"), previous_item_id=called(call))
    (added,) = call.core
    assert isinstance(added, requests.MessageAdded)
    assert added.after == "call:call_7"


# ── truncation ──


def spoken(call: Call) -> str:
    """An answer of three words, a second each, two of which were sent. Returns its item."""
    words = tuple(Word(text, i * SECOND, (i + 1) * SECOND) for i, text in enumerate(("It", "is", "noon.")))
    call.fact(facts.ResponseBegan(1, 1), facts.TextAdded(1, "It is noon."), facts.WordsPlaced(1, words))
    call.play(1, 0, bytes(2 * 2 * SECOND))
    call.fact(
        facts.ResponseStopped(1, "client", 0), facts.ResponseEnded(1, "interrupted", "It is noon.", "It is")
    )
    item_id: str = call.frames[-1]["response"]["output"][0]["id"]
    return item_id


def transcript(call: Call, item_id: str) -> str:
    (retrieved,) = call.send("conversation.item.retrieve", item_id=item_id)
    text: str = retrieved["item"]["content"][0]["transcript"]
    return text


def test_a_truncated_answer_keeps_the_words_that_were_heard() -> None:
    call = Call()
    item_id = spoken(call)
    assert transcript(call, item_id) == "It is"
    (told,) = call.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=1_400)
    assert (told["type"], told["audio_end_ms"]) == ("conversation.item.truncated", 1_400)
    assert transcript(call, item_id) == "It"
    assert call.core == [requests.HeardCorrected(1, 1_400)]


def test_more_than_was_sent_is_clamped_and_no_error() -> None:
    call = Call()
    item_id = spoken(call)
    (told,) = call.send("conversation.item.truncate", item_id=item_id, content_index=0, audio_end_ms=90_000)
    assert told["audio_end_ms"] == 2_000
    assert transcript(call, item_id) == "It is"


def test_what_is_long_gone_is_truncated_without_a_word() -> None:
    call = Call()
    (told,) = call.send("conversation.item.truncate", item_id="item_old", content_index=0, audio_end_ms=7)
    assert (told["type"], told["audio_end_ms"]) == ("conversation.item.truncated", 7)
    assert call.core == []
