"""The history: what was heard, each side once at a time."""

from __future__ import annotations

import itertools

import hypothesis.strategies as st
from hypothesis import given

from voice_server.core.conversation import Conversation, Message


def test_it_begins_with_the_instructions_alone() -> None:
    conversation = Conversation("Be brief.")
    assert conversation.entries == ()
    assert conversation.prompt() == (Message("system", "Be brief."),)


def test_instructions_may_change() -> None:
    conversation = Conversation("Be brief.")
    conversation.user_said("Hello.")
    conversation.instructions = "Be long."
    assert conversation.prompt() == (Message("system", "Be long."), Message("user", "Hello."))


def test_what_nobody_heard_is_not_remembered_and_the_user_goes_on() -> None:
    conversation = Conversation("")
    conversation.user_said("What is")
    conversation.assistant_said("")
    conversation.user_said("the time?")
    assert conversation.entries == (Message("user", "What is the time?"),)


def test_two_things_that_the_assistant_said_are_one() -> None:
    conversation = Conversation("")
    conversation.assistant_said("Hello.")
    conversation.assistant_said("Sorry.")
    assert conversation.entries == (Message("assistant", "Hello. Sorry."),)


def test_saying_nothing_leaves_no_trace() -> None:
    conversation = Conversation("")
    conversation.user_said("")
    assert conversation.entries == ()


def test_a_draft_is_in_the_prompt_but_not_in_the_history() -> None:
    conversation = Conversation("")
    conversation.user_said("Wait,")
    assert conversation.prompt("what time is it?")[1:] == (Message("user", "Wait, what time is it?"),)
    assert conversation.entries == (Message("user", "Wait,"),)


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["", "one", "two words"])), max_size=20))
def test_the_two_sides_alternate_and_no_word_is_lost(said: list[tuple[bool, str]]) -> None:
    conversation = Conversation("")
    for user, text in said:
        (conversation.user_said if user else conversation.assistant_said)(text)
    roles = [entry.role for entry in conversation.entries]
    assert all(a != b for a, b in itertools.pairwise(roles))
    assert " ".join(entry.content for entry in conversation.entries).split() == [
        word for _, text in said for word in text.split()
    ]
