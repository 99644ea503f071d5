"""Whatever a session says comes back from a store as it was, but for its token."""

from __future__ import annotations

import dataclasses
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice_server.core import commands
from voice_server.ports import Notice, Relayed
from voice_server.runtime.backlog import Entry
from voice_server.runtime.keeping import restored, stored

NOT_KEPT = {Relayed}
"""Of links to sessions that end with their connection."""


@pytest.mark.parametrize("kind", sorted({*get_args(commands.Fact), *get_args(Notice)} - NOT_KEPT, key=str))
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_every_message_comes_back(kind: type, data: st.DataObject) -> None:
    item = data.draw(st.from_type(kind))
    back = restored(stored(Entry(7, 1_500, item)))
    if hasattr(item, "token"):
        item = dataclasses.replace(item, token="")
    assert repr(back) == repr(Entry(7, 1_500, item))  # a number that is none is not equal to itself
