from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voice_server.adapters.prompt_fitting import BYTES_PER_TOKEN, estimated_tokens, fitted
from voice_server.core.conversation import Message
from voice_server.core.tools import ToolCall

SYSTEM = Message("system", "Be brief.")
HISTORIES = st.lists(
    st.builds(Message, st.sampled_from(["system", "user", "assistant"]), st.text(max_size=60))
)


def turns(count: int) -> list[Message]:
    return [Message("user" if n % 2 else "assistant", f"turn number {n}") for n in range(1, count + 1)]


def test_what_fits_stays_as_it_is() -> None:
    history = (SYSTEM, *turns(5))
    assert fitted(history, estimated_tokens(history)) == history
    assert fitted((), 10) == ()


def test_the_oldest_go_first_and_the_instructions_stay() -> None:
    history = turns(5)
    room = estimated_tokens([SYSTEM, *history[-3:]])
    assert fitted((SYSTEM, *history), room) == (SYSTEM, *history[-3:])


def test_there_are_no_gaps_where_a_short_message_would_fit_before_a_long_one() -> None:
    short, long, last = Message("user", "a"), Message("assistant", "b" * 400), Message("user", "c")
    assert fitted((SYSTEM, short, long, last), 60) == (SYSTEM, last)


def test_of_a_last_message_that_is_too_long_its_end_is_kept() -> None:
    *kept, last = fitted((SYSTEM, *turns(3), Message("user", "x" * 900 + "the end")), 50)
    assert kept == [SYSTEM]
    assert last.content.endswith("xxthe end")
    assert estimated_tokens([*kept, last]) <= 50


def test_a_character_is_not_cut_in_two() -> None:
    (last,) = fitted((Message("user", "a" + "日" * 300),), 20)
    assert set(last.content) == {"日"}


def test_lone_surrogates_count_too() -> None:
    assert fitted((Message("user", "\ud83d" * 400),), 20)[0].content
    assert estimated_tokens([Message("user", "\ud83d" * BYTES_PER_TOKEN)]) > estimated_tokens(
        [Message("user", "")]
    )


@given(HISTORIES, st.integers(1, 200))
def test_the_last_message_is_always_there_and_the_order_is_kept(history: list[Message], room: int) -> None:
    kept = fitted(history, room)
    assert len(kept) <= len(history)
    if history:
        assert kept[-1].role == history[-1].role
        assert history[-1].content.endswith(kept[-1].content)
        head = [m for m in history[:-1][:1] if m.role == "system"]
        assert kept[: len(head)] == tuple(head)
        latest = kept[len(head) : -1]
        assert latest == tuple(history[-1 - len(latest) : -1])


def test_news_goes_with_its_time() -> None:
    news, last = Message("system", "The train is late."), Message("user", "c" * 40)
    history = (SYSTEM, news, Message("user", "b" * 400), last)
    assert fitted(history, 60) == (SYSTEM, last)


def test_a_result_is_not_parted_from_its_call() -> None:
    call = Message("assistant", "", calls=(ToolCall("call_1", "look", "{}"),))
    result, last = Message("tool", "r" * 120, call="call_1"), Message("user", "And now?")
    history = (SYSTEM, *turns(3), call, result, last)
    assert fitted(history, estimated_tokens([SYSTEM, call, result, last])) == (SYSTEM, call, result, last)
    assert fitted(history, estimated_tokens([SYSTEM, result, last])) == (SYSTEM, last)


def test_of_a_long_result_the_end_is_kept_and_its_call() -> None:
    call = Message("assistant", "", calls=(ToolCall("call_1", "look", "{}"),))
    kept = fitted((SYSTEM, *turns(3), call, Message("tool", "r" * 900 + "the end", call="call_1")), 60)
    assert kept[:2] == (SYSTEM, call)
    assert kept[2].content.endswith("rthe end")
    assert estimated_tokens(kept) <= 60
