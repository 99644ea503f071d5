"""What is no event of a client: the documented error, and nothing else."""

from __future__ import annotations

import json

import hypothesis.strategies as st
import pytest
from hypothesis import given

from tests.protocol.realtime.call import Call, refusal


@pytest.mark.parametrize(
    ("text", "code", "param", "event_id"),
    [
        ("", "invalid_json", None, None),
        ("hello", "invalid_json", None, None),
        ("[" * 100_000, "invalid_json", None, None),
        ("[]", "invalid_type", "type", None),
        ("null", "invalid_type", "type", None),
        ("{}", "missing_required_parameter", "type", None),
        ('{"type": 7, "event_id": "e-1"}', "invalid_value", "type", "e-1"),
        ('{"type": "foo", "event_id": "e-1"}', "invalid_value", "type", "e-1"),
        ('{"type": "session.created", "event_id": {}}', "invalid_value", "type", None),
        ('{"type": "session.update", "event_id": "e-1"}', "missing_required_parameter", "session", "e-1"),
        ('{"type": "input_audio_buffer.append"}', "missing_required_parameter", "audio", None),
        ('{"type": "input_audio_buffer.append", "audio": null}', "invalid_type", "audio", None),
        ('{"type": "response.create", "response": 7}', "invalid_type", "response", None),
        ('{"type": "response.cancel", "event_id": 7}', "invalid_type", "event_id", None),
        ('{"type": "output_audio_buffer.clear"}', "invalid_value", "type", None),
    ],
)
def test_a_frame_that_is_no_event(text: str, code: str, param: str | None, event_id: str | None) -> None:
    call = Call()
    assert refusal(call.send_raw(text)) == (code, param, event_id)
    assert call.core == []


def test_an_unknown_type_is_named_with_those_that_are_known() -> None:
    (refused,) = Call().send("session.updtae")
    assert "session.updtae" in refused["error"]["message"]
    assert "session.update" in refused["error"]["message"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(
    [
        "session.update", "input_audio_buffer.append", "input_audio_buffer.commit",
        "input_audio_buffer.clear",
        "conversation.item.create", "conversation.item.retrieve", "conversation.item.truncate",
        "conversation.item.delete", "response.create", "response.cancel", "output_audio_buffer.clear",
    ]
)  # fmt: skip
FIELDS = st.sampled_from(
    ["session", "audio", "item", "item_id", "response", "audio_end_ms", "previous_item_id"]
)


@given(kind=TYPES, fields=st.dictionaries(FIELDS, JSON, max_size=4))
def test_nothing_that_a_client_sends_raises(kind: str, fields: dict[str, object]) -> None:
    call = Call()
    call.send_raw(json.dumps({"type": kind, **fields}))
    assert call.update()["id"] == "sess_1"
