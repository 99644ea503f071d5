"""What may not be written down is not, whatever protocol it came in."""

from __future__ import annotations

from typing import Any

import pytest

from voice_server.observing.redaction import Redaction

APPEND = {"type": "input_audio_buffer.append", "audio": "UklGRg=="}
ITEM = {
    "type": "conversation.item.create",
    "item": {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "My PIN is 1234"}],
    },
}
ANSWERED = {"type": "ToolAnswered", "call": "c1", "output": None, "error": "no account of Ann Lee"}
ERROR = {"type": "error", "error": {"code": "bad_json", "message": "what was that?"}}
TRANSCRIPT = {"type": "response.output_audio_transcript.done", "transcript": "It is noon."}


@pytest.mark.parametrize("kept", [Redaction(), Redaction(words=False, sound=False)])
def test_sound_inside_a_message_is_never_kept_there(kept: Redaction) -> None:
    assert kept.applied({"k": "in", "message": APPEND})["message"]["audio"] == "[sound]"
    assert kept.applied({"k": "in", "audio": [0, 640]}) == {"k": "in", "audio": [0, 640]}


@pytest.mark.parametrize("kept", [Redaction(), Redaction(words=False)])
def test_a_token_is_never_kept(kept: Redaction) -> None:
    assert kept.applied({"message": {"token": "t0p"}}) == {"message": {"token": "[secret]"}}


@pytest.mark.parametrize(
    ("message", "words"),
    [(ITEM, "My PIN is 1234"), (ANSWERED, "no account of Ann Lee"), (TRANSCRIPT, "It is noon.")],
)
def test_words_are_hidden_where_they_may_not_be_kept(message: dict[str, Any], words: str) -> None:
    assert words in str(Redaction().applied(message))
    hidden = str(Redaction(words=False).applied(message))
    assert not set(words.split()) & set(hidden.replace("'", " ").split())
    assert message["type"] in hidden


def test_what_an_error_is_called_stays() -> None:
    assert Redaction(words=False).applied(ERROR)["error"]["code"] == "bad_json"
