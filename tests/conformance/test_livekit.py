"""livekit-plugins-openai's RealtimeModel: it mirrors the conversation, and matches every item and answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from livekit import rtc
from livekit.agents import llm
from livekit.plugins import openai

from tests.conformance.language_server import ANSWER, PLACE
from tests.conformance.target import PATIENCE_S, RATE_HZ, Target, speak


@llm.function_tool  # type: ignore[untyped-decorator]
async def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


class Talk:
    """One session of the plugin."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.errors: list[Any] = []
        self._events: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()
        for kind in ("generation_created", "input_speech_started", "input_audio_transcription_completed"):
            session.on(kind, lambda event, kind=kind: self._events.put_nowait((kind, event)))
        session.on("openai_server_event_received", self._came)
        session.on("error", self.errors.append)

    def _came(self, event: dict[str, Any]) -> None:
        self._events.put_nowait((event["type"], event))

    async def next(self, kind: str) -> Any:
        """The next event of this kind, of the plugin or of the server."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                name, event = await self._events.get()
                if name == kind:
                    return event

    async def push(self, pcm: bytes) -> None:
        """20 ms of the microphone."""
        self.session.push_audio(rtc.AudioFrame(pcm, RATE_HZ, 1, len(pcm) // 2))


@asynccontextmanager
async def talking(target: Target) -> AsyncIterator[Talk]:
    async with aiohttp.ClientSession() as http:
        model = openai.realtime.RealtimeModel(
            model="local-voice", api_key="none", base_url=target.base_url, http_session=http
        )
        session = model.session()
        try:
            yield Talk(session)
        finally:
            await session.aclose()
            await model.aclose()


async def heard(generation: Any) -> tuple[str, int]:
    """The text of an answer's first message, and how many samples of it came."""
    async with asyncio.timeout(PATIENCE_S):
        async for message in generation.message_stream:
            text = "".join([str(piece) async for piece in message.text_stream])
            samples = sum([frame.samples_per_channel async for frame in message.audio_stream])
            return text.strip(), samples
    return "", 0


async def test_a_text_turn(target: Target) -> None:
    async with talking(target) as talk:
        context = talk.session.chat_ctx.copy()
        context.add_message(role="user", content="Hello.")
        await talk.session.update_chat_ctx(context)
        text, samples = await heard(await talk.session.generate_reply())
        assert text == ANSWER
        assert samples > RATE_HZ
        assert [item.text_content for item in talk.session.chat_ctx.items][:1] == ["Hello."]
        assert talk.errors == []


async def test_a_spoken_turn(target: Target, question: bytes) -> None:
    async with talking(target) as talk:
        speaking = asyncio.create_task(speak(question, talk.push))
        await talk.next("input_speech_started")
        text, _ = await heard(await talk.next("generation_created"))
        await speaking
        assert text == ANSWER
        assert talk.errors == []


async def test_a_barge_in(target: Target, objection: bytes) -> None:
    async with talking(target) as talk:
        context = talk.session.chat_ctx.copy()
        context.add_message(role="user", content="Tell me a story.")
        await talk.session.update_chat_ctx(context)
        generation = await talk.session.generate_reply()
        message = await anext(aiter(generation.message_stream))
        await talk.next("response.output_audio.delta")
        speaking = asyncio.create_task(speak(objection, talk.push))
        await talk.next("input_speech_started")
        done = await talk.next("response.done")
        assert done["response"]["status_details"]["reason"] == "turn_detected"
        talk.session.truncate(message_id=message.message_id, modalities=["audio"], audio_end_ms=900)
        await talk.next("conversation.item.truncated")
        text, _ = await heard(await talk.next("generation_created"))
        await speaking
        assert text
        assert talk.errors == []


async def test_a_tool_call(target: Target) -> None:
    async with talking(target) as talk:
        await talk.session.update_tools([get_weather])
        context = talk.session.chat_ctx.copy()
        context.add_message(role="user", content="How is the weather?")
        await talk.session.update_chat_ctx(context)
        generation = await talk.session.generate_reply()
        async with asyncio.timeout(PATIENCE_S):
            calls = [call async for call in generation.function_stream]
        (call,) = calls
        assert (call.name, json.loads(call.arguments)) == ("get_weather", {"city": PLACE})
        context = talk.session.chat_ctx.copy()
        context.items.append(
            llm.FunctionCallOutput(call_id=call.call_id, name=call.name, output="sunny", is_error=False)
        )
        await talk.session.update_chat_ctx(context)
        text, _ = await heard(await talk.session.generate_reply())
        assert "sunny" in text
        assert talk.errors == []


async def test_a_cancel(target: Target) -> None:
    async with talking(target) as talk:
        context = talk.session.chat_ctx.copy()
        context.add_message(role="user", content="Tell me a story.")
        await talk.session.update_chat_ctx(context)
        await talk.session.generate_reply()
        await talk.next("response.output_audio.delta")
        talk.session.interrupt()
        done = await talk.next("response.done")
        assert done["response"]["status_details"]["reason"] == "client_cancelled"
        assert talk.errors == []


async def test_a_malformed_event(target: Target) -> None:
    async with talking(target) as talk:
        talk.session.send_event({"type": "nonsense", "event_id": "e-1"})
        error = await talk.next("error")
        assert error["error"]["event_id"] == "e-1"
        text, _ = await heard(await talk.session.generate_reply(instructions="Say hello."))
        assert text == ANSWER
