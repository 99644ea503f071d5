"""The `openai` package, asynchronous. Its types judge every event, strictly."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from openai import AsyncOpenAI
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

from tests.conformance.language_server import ANSWER, PLACE
from tests.conformance.target import PATIENCE_S, Target, speak

EVENTS: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
TRANSCRIBED = {"input": {"transcription": {"model": "whisper-1"}}}


class Talk:
    """One connection of the package's client."""

    def __init__(self, connection: Any) -> None:
        self.rt = connection
        self.kinds: list[str] = []

    async def next(self, *kinds: str) -> Any:
        """The next event of one of these types."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while (event := await self._receive()).type not in kinds:
                    pass
        except TimeoutError:
            pytest.fail(f"no {kinds} came; the last that did: {self.kinds[-20:]}")
        return event

    async def _receive(self) -> Any:
        raw = await self.rt.recv_bytes()
        EVENTS.validate_json(raw, strict=True)
        event = self.rt.parse_event(raw)
        self.kinds.append(event.type)
        return event

    async def update(self, **session: Any) -> None:
        """Change the session."""
        await self.rt.session.update(session={"type": "realtime", **session})
        await self.next("session.updated")

    async def says(self, text: str) -> None:
        """A text turn."""
        content = [{"type": "input_text", "text": text}]
        await self.rt.conversation.item.create(item={"type": "message", "role": "user", "content": content})
        await self.rt.response.create()

    async def append(self, pcm: bytes) -> None:
        """Sound."""
        await self.rt.input_audio_buffer.append(audio=base64.b64encode(pcm).decode())


@asynccontextmanager
async def talking(target: Target, key: str = "none") -> AsyncIterator[Talk]:
    client = AsyncOpenAI(api_key=key, base_url=target.base_url)
    async with client.realtime.connect(model="local-voice") as connection:
        talk = Talk(connection)
        await talk.next("session.created")
        yield talk


async def test_a_text_turn(target: Target) -> None:
    async with talking(target) as talk:
        await talk.update(output_modalities=["text"])
        await talk.says("Hello.")
        done = await talk.next("response.done")
        assert done.response.output[0].content[0].text.strip() == ANSWER


async def test_a_spoken_turn(target: Target, question: bytes) -> None:
    async with talking(target) as talk:
        await talk.update(audio=TRANSCRIBED)
        speaking = asyncio.create_task(speak(question, talk.append))
        words = await talk.next("conversation.item.input_audio_transcription.completed")
        done = await talk.next("response.done")
        await speaking
    assert "brooklyn" in words.transcript.lower()
    assert done.response.status == "completed"
    assert done.response.output[0].content[0].transcript.strip() == ANSWER
    assert "response.output_audio.delta" in talk.kinds


async def test_a_barge_in(target: Target, objection: bytes) -> None:
    async with talking(target) as talk:
        await talk.update(audio=TRANSCRIBED)
        await talk.says("Tell me a story.")
        for _ in range(100):  # two seconds
            delta = await talk.next("response.output_audio.delta")
        speaking = asyncio.create_task(speak(objection, talk.append))
        done = await talk.next("response.done")
        assert "input_audio_buffer.speech_started" in talk.kinds
        assert done.response.status_details.reason == "turn_detected"
        await talk.rt.conversation.item.truncate(item_id=delta.item_id, content_index=0, audio_end_ms=900)
        await talk.rt.conversation.item.retrieve(item_id=delta.item_id)
        item = (await talk.next("conversation.item.retrieved")).item
        assert item.content[0].transcript.startswith("Once")
        assert len(item.content[0].transcript.split()) < 10
        while done.response.status != "completed":  # the answers to what the objection begins with
            done = await talk.next("response.done")
        await speaking


async def test_a_tool_call(target: Target) -> None:
    async with talking(target) as talk:
        await talk.update(output_modalities=["text"], tools=[WEATHER])
        await talk.says("How is the weather?")
        call = await talk.next("response.function_call_arguments.done")
        assert (call.name, json.loads(call.arguments)) == ("get_weather", {"city": PLACE})
        await talk.next("response.done")
        output = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
        await talk.rt.conversation.item.create(item=output)
        await talk.rt.response.create()
        done = await talk.next("response.done")
        assert "sunny" in done.response.output[0].content[0].text


async def test_a_cancel(target: Target) -> None:
    async with talking(target) as talk:
        await talk.says("Tell me a story.")
        await talk.next("response.output_audio.delta")
        await talk.rt.response.cancel()
        done = await talk.next("response.done")
        assert done.response.status_details.reason == "client_cancelled"
        await talk.rt.response.cancel(event_id="e-1")
        error = (await talk.next("error")).error
        assert (error.code, error.event_id) == ("response_cancel_not_active", "e-1")


@pytest.mark.parametrize("bad", ['{"type": "nonsense"}', "{", '{"type": "session.update"}'])
async def test_a_malformed_event(target: Target, bad: str) -> None:
    async with talking(target) as talk:
        await talk.rt.send_raw(bad)
        assert (await talk.next("error")).error.type == "invalid_request_error"
        await talk.update(output_modalities=["text"])
        await talk.says("Hello.")
        assert (await talk.next("response.done")).response.status == "completed"


async def test_a_client_secret(target: Target) -> None:
    client = AsyncOpenAI(api_key="none", base_url=target.base_url)
    secret = await client.realtime.client_secrets.create(
        session={"type": "realtime", "instructions": "Be brief.", "output_modalities": ["text"]}
    )
    assert secret.session.type == "realtime"
    assert secret.session.instructions == "Be brief."
    async with talking(target, secret.value) as talk:
        await talk.says("Hello.")
        await talk.next("response.output_text.done")
