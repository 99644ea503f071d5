"""openai-agents: strict about every event, and truncates and retrieves after each interruption."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from agents import function_tool
from agents.realtime import RealtimeAgent, RealtimeRunner
from agents.realtime.model_inputs import RealtimeModelSendInterrupt, RealtimeModelSendRawMessage

from tests.conformance.language_server import ANSWER, PLACE
from tests.conformance.target import PATIENCE_S, Target, speak


@function_tool  # type: ignore[untyped-decorator]
def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


class Talk:
    """One session of the package."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.events: list[Any] = []

    async def next(self, kind: str, such: Callable[[Any], bool] = lambda event: True) -> Any:
        """The next event of this type. Any error of the package fails the test."""
        async with asyncio.timeout(PATIENCE_S):
            async for event in self.session:
                self.events.append(event)
                if event.type == kind and such(event):
                    return event
                assert event.type != "error", event.error
        raise AssertionError("the session has ended")

    async def server(self, kind: str) -> dict[str, Any]:
        """The next event of the server's, as it came."""

        def such(event: Any) -> bool:
            came = event.data.type == "raw_server_event" and event.data.data["type"] == kind
            return bool(came)

        data: dict[str, Any] = (await self.next("raw_model_event", such)).data.data
        return data


@asynccontextmanager
async def talking(target: Target, **settings: Any) -> AsyncIterator[Talk]:
    agent: Any = RealtimeAgent(name="A", instructions="Be brief.", tools=[get_weather])
    runner = RealtimeRunner(agent)
    session = await runner.run(
        model_config={
            "url": f"{target.socket_url}?model=local-voice",
            "api_key": "none",
            "initial_model_settings": {"model_name": "local-voice", **settings},
        }
    )
    async with session:
        yield Talk(session)


def text_of(item: Any) -> str:
    parts = getattr(item, "content", [])
    return " ".join(getattr(part, "text", None) or getattr(part, "transcript", None) or "" for part in parts)


async def test_a_text_turn(target: Target) -> None:
    async with talking(target, modalities=["text"]) as talk:
        await talk.session.send_message("Hello.")
        done = await talk.server("response.done")
        await talk.next("agent_end")
        assert done["response"]["output"][0]["content"][0]["text"].strip() == ANSWER
        histories = [event.history for event in talk.events if event.type == "history_updated"]
        assert any(text_of(item).strip() == ANSWER for history in histories for item in history)


async def test_a_spoken_turn(target: Target, question: bytes) -> None:
    async with talking(target, input_audio_transcription={"model": "whisper-1"}) as talk:
        speaking = asyncio.create_task(speak(question, talk.session.send_audio))
        await talk.next("audio")
        await talk.next("audio_end")
        await speaking

        def heard(event: Any) -> bool:
            return any(item.role == "user" and "rooklyn" in text_of(item) for item in event.history)

        histories = [event for event in talk.events if event.type == "history_updated"]
        assert any(map(heard, histories)) or await talk.next("history_updated", heard)


async def test_a_barge_in(target: Target, objection: bytes) -> None:
    async with talking(target) as talk:
        await talk.session.send_message("Tell me a story.")
        await talk.next("audio")
        speaking = asyncio.create_task(speak(objection, talk.session.send_audio))
        await talk.next("audio_interrupted")
        done = await talk.server("response.done")
        assert done["response"]["status_details"]["reason"] == "turn_detected"
        retrieved = await talk.server("conversation.item.retrieved")
        assert retrieved["item"]["status"] == "incomplete"
        while done["response"]["status"] != "completed":  # the answers to what the objection begins with
            done = await talk.server("response.done")
        await speaking


async def test_a_tool_call(target: Target) -> None:
    async with talking(target, modalities=["text"]) as talk:
        await talk.session.send_message("How is the weather?")
        ended = await talk.next("tool_end")
        assert ended.output == f"sunny in {PLACE}"

        def about_it(event: Any) -> bool:
            data = event.data
            done = data.type == "raw_server_event" and data.data["type"] == "response.output_text.done"
            return bool(done and "sunny" in data.data["text"])

        await talk.next("raw_model_event", about_it)


async def test_a_cancel(target: Target) -> None:
    async with talking(target) as talk:
        await talk.session.send_message("Tell me a story.")
        await talk.next("audio")
        await talk.session.model.send_event(RealtimeModelSendInterrupt(force_response_cancel=True))
        done = await talk.server("response.done")
        assert done["response"]["status"] == "cancelled"


async def test_a_malformed_event(target: Target) -> None:
    async with talking(target, modalities=["text"]) as talk:
        bad: Any = {"type": "response.create", "other_data": {"response": {"max_output_tokens": 0}}}
        await talk.session.model.send_event(RealtimeModelSendRawMessage(message=bad))
        async with asyncio.timeout(PATIENCE_S):
            async for event in talk.session:
                if event.type == "error":
                    break
        assert "max_output_tokens" in str(event.error)
        await talk.session.send_message("Hello.")
        done = await talk.server("response.done")
        assert done["response"]["status"] == "completed"
