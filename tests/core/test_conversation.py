"""The history: what was heard, each side once at a time."""

from __future__ import annotations

import itertools

import hypothesis.strategies as st
from hypothesis import given

from voice_server.core.conversation import RUNNING, Conversation, Message
from voice_server.core.tools import ToolCall


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


ONE, TWO = ToolCall("c1", "add", "{}"), ToolCall("c2", "add", "{}")


def after_calls() -> Conversation:
    """Something is said, and two tools are called."""
    conversation = Conversation("")
    conversation.assistant_said("Let me see.", "response:1", (ONE, TWO))
    return conversation


def test_calls_are_one_message_and_each_has_a_result() -> None:
    conversation = after_calls()
    conversation.tool_answered("c2", "add", "2")
    results = (Message("tool", RUNNING, call="c1"), Message("tool", "2", call="c2"))
    assert conversation.entries == (Message("assistant", "Let me see.", (ONE, TWO)), *results)


def test_what_is_said_while_results_are_awaited_stands_before_all_calls() -> None:
    conversation = after_calls()
    conversation.assistant_said("One moment.")
    assert conversation.entries[0] == Message("assistant", "Let me see. One moment.", (ONE, TWO))


def test_a_call_that_is_taken_out_leaves_what_was_said_and_the_other_call() -> None:
    conversation = after_calls()
    conversation.remove("call:c1")
    assert conversation.entries == (
        Message("assistant", "Let me see.", (TWO,)),
        Message("tool", RUNNING, call="c2"),
    )
    conversation.tool_answered("c1", "add", "2")
    assert conversation.entries[-1] == Message("system", "add has answered: 2")


def test_results_are_taken_out_in_their_place_and_behind_what_was_said_since() -> None:
    conversation = after_calls()
    conversation.tool_answered("c1", "add", "2")
    conversation.user_said("And?")
    conversation.tool_answered("c2", "add", "3")
    conversation.remove("result:c1")
    conversation.remove("result:c2")
    assert [entry.content for entry in conversation.entries] == ["Let me see.", "And?"]


def test_what_is_taken_out_before_it_is_there_does_not_come() -> None:
    conversation = after_calls()
    for key in ("turn:2", "response:2", "call:c3", "result:c1"):
        conversation.remove(key)
    conversation.user_said("And?", "turn:2")
    conversation.assistant_said("Well.", "response:2", (ToolCall("c3", "add", "{}"),))
    conversation.tool_answered("c1", "add", "2")
    said = (Message("assistant", "Let me see.", (ONE, TWO)), Message("tool", RUNNING, call="c2"))
    assert conversation.entries == said


def test_what_was_taken_out_may_be_put_in_again() -> None:
    conversation = Conversation("")
    for _ in range(2):
        conversation.insert("a", Message("user", "One."), None)
        conversation.remove("a")
    conversation.insert("a", Message("user", "Two."), None)
    assert conversation.entries == (Message("user", "Two."),)


def test_calls_that_are_put_in_one_by_one_are_one_message() -> None:
    conversation = Conversation("")
    for call in (ONE, TWO):
        conversation.insert(call.id, Message("assistant", "", calls=(call,)), None)
    assert conversation.entries == (Message("assistant", "", (ONE, TWO)),)


def test_a_call_of_an_earlier_session_may_have_the_same_id() -> None:
    conversation = Conversation("")
    conversation.insert("a", Message("assistant", "", calls=(ONE,)), None)
    conversation.insert("b", Message("tool", "9", call="c1"), None)
    conversation.user_said("Again.")
    conversation.assistant_said("", calls=(ONE,))
    conversation.tool_answered("c1", "add", "2")
    assert [entry.content for entry in conversation.entries if entry.call] == ["9", "2"]


def test_nothing_is_put_between_calls_and_their_results() -> None:
    conversation = after_calls()
    conversation.insert("u", Message("user", "And?"), after="call:c2")
    assert conversation.entries[-1] == Message("user", "And?")
    conversation.insert("o", Message("tool", "3", call="c3"), after="call:c2")
    assert [entry.call for entry in conversation.entries[1:]] == ["c3", "c1", "c2", None]


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
