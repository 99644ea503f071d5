"""What a draft may cost while the user still speaks: a few words of text, and no sound."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Literal

from tests.runtime.stage import QUESTION, Stage
from voice_server.adapters.scripted_speaking import ScriptedLanguageModel
from voice_server.core import commands as facts
from voice_server.core.conversation import Message
from voice_server.core.tools import ToolCall
from voice_server.errors import OverloadedError
from voice_server.ports import GenerateOptions

WORDS = [f"{word} " for word in ("Certainly, that is easy. " + "It is a quarter past ten now. " * 5).split()]


class Taken(asyncio.Event):
    """A step of a script that counts how often it was reached."""

    def __init__(self, counts: list[int]) -> None:
        super().__init__()
        self._counts = counts

    async def wait(self) -> Literal[True]:
        """One more piece is wanted."""
        self._counts.append(1)
        return True


async def test_a_draft_generates_one_clause_while_the_user_speaks_and_the_rest_afterwards() -> None:
    stage = Stage()
    taken: list[int] = []
    stage.replies = lambda call, messages: [step for word in WORDS for step in (Taken(taken), word)]
    async with stage.running():
        await stage.speak(1_500)
        assert len(stage.language_model.requests) == 1
        assert len(taken) <= 6, "the first clause, and a word that shows that it is over"
        await stage.rest(15_000)
    assert len(stage.language_model.requests) == 1
    assert len(taken) == len(WORDS)
    assert stage.done(1).text == "".join(WORDS).strip()


class BusyLanguageModel(ScriptedLanguageModel):
    """Declines early drafts, as a model does that is at work for others."""

    async def generate(
        self, messages: Sequence[Message], options: GenerateOptions
    ) -> AsyncGenerator[str | ToolCall, None]:
        """Decline, or go by the script."""
        if options.early:
            raise OverloadedError("others come first")
        async for piece in super().generate(messages, options):
            yield piece


async def test_where_drafts_are_declined_the_user_is_answered_all_the_same() -> None:
    stage = Stage()
    stage.language_model = BusyLanguageModel()
    async with stage.running():
        await stage.ask()
        await stage.rest(5_000)
    assert [fact.text for fact in stage.told(facts.TranscriptCommitted)] == [QUESTION]
    assert [ended.status for ended in stage.told(facts.ResponseEnded)] == ["completed"]
    assert stage.told(facts.Trouble) == []
