"""pipecat's OpenAIRealtimeLLMService: parses every event strictly, and stops at most errors for good."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.adapters.llm.schemas.tools_schema import ToolsSchema
from pipecat.frames import frames
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.workers.runner import WorkerRunner

from tests.conformance.language_server import ANSWER, PLACE
from tests.conformance.target import PATIENCE_S, RATE_HZ, Target, speak


class Ear(FrameProcessor):  # type: ignore[misc]
    """One end of the pipeline: what comes by is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: asyncio.Queue[Any] = asyncio.Queue()

    async def process_frame(self, frame: Any, direction: FrameDirection) -> None:
        """Keep it."""
        await super().process_frame(frame, direction)
        self.heard.put_nowait(frame)
        await self.push_frame(frame, direction)


class Talk:
    """One pipeline that runs."""

    def __init__(self, service: Any, worker: Any, front: Ear, ear: Ear) -> None:
        self.service = service
        self.worker = worker
        self.front = front
        """Where errors come out."""
        self.ear = ear
        self.text = ""

    async def next(self, *kinds: type) -> Any:
        """The next frame of one of these kinds."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                frame = await self.ear.heard.get()
                if isinstance(frame, frames.LLMTextFrame | frames.TTSTextFrame):
                    self.text += frame.text
                if isinstance(frame, kinds):
                    return frame

    async def error(self) -> str:
        """The next error of the service."""
        async with asyncio.timeout(PATIENCE_S):
            while not isinstance(frame := await self.front.heard.get(), frames.ErrorFrame):
                pass
        return str(frame.error)

    def complaints(self) -> list[str]:
        """All errors so far."""
        came = [self.front.heard.get_nowait() for _ in range(self.front.heard.qsize())]
        return [str(frame.error) for frame in came if isinstance(frame, frames.ErrorFrame)]

    async def says(self, text: str, tools: Any = None) -> None:
        """The first turn, typed."""
        context = LLMContext([{"role": "user", "content": text}], **({"tools": tools} if tools else {}))
        await self.worker.queue_frames([frames.LLMContextFrame(context)])

    async def push(self, pcm: bytes) -> None:
        """20 ms of the microphone."""
        await self.worker.queue_frames([frames.InputAudioRawFrame(pcm, RATE_HZ, 1)])


@asynccontextmanager
async def talking(target: Target, modality: str = "audio") -> AsyncIterator[Talk]:
    properties = events.SessionProperties(output_modalities=[modality])
    settings = OpenAIRealtimeLLMService.Settings(model="local-voice", session_properties=properties)
    service = OpenAIRealtimeLLMService(api_key="none", base_url=target.socket_url, settings=settings)
    front, ear = Ear(), Ear()
    worker = PipelineWorker(Pipeline([front, service, ear]), enable_rtvi=False)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    try:
        yield Talk(service, worker, front, ear)
    finally:
        await worker.cancel()
        await running


async def test_a_text_turn(target: Target) -> None:
    async with talking(target, "text") as talk:
        await talk.says("Hello.")
        await talk.next(frames.LLMFullResponseEndFrame)
        assert talk.text.strip() == ANSWER
        assert talk.complaints() == []


async def test_a_spoken_turn(target: Target, question: bytes) -> None:
    async with talking(target) as talk:
        await talk.says("Hello.")
        await talk.next(frames.TTSAudioRawFrame)
        await talk.next(frames.LLMFullResponseEndFrame)
        speaking = asyncio.create_task(speak(question, talk.push))
        await talk.next(frames.ProposedUserStartedSpeakingFrame)
        await talk.next(frames.TTSAudioRawFrame)
        await talk.next(frames.LLMFullResponseEndFrame)
        await speaking
        assert talk.complaints() == []


async def test_a_barge_in(target: Target, objection: bytes) -> None:
    async with talking(target) as talk:
        await talk.says("Tell me a story.")
        await talk.next(frames.TTSAudioRawFrame)
        speaking = asyncio.create_task(speak(objection, talk.push))
        await talk.next(frames.ProposedUserStartedSpeakingFrame)
        await talk.next(frames.TTSAudioRawFrame)  # of the next answer: there is none of this after it
        await speaking
        assert talk.complaints() == []


async def test_a_tool_call(target: Target) -> None:
    schema = FunctionSchema("get_weather", "The weather in a city.", {"city": {"type": "string"}}, ["city"])

    async def get_weather(call: Any) -> None:
        await call.result_callback({"weather": f"sunny in {call.arguments['city']}"})

    async with talking(target, "text") as talk:
        talk.service.register_function("get_weather", get_weather)
        await talk.says("How is the weather?", ToolsSchema(standard_tools=[schema]))
        result = await talk.next(frames.FunctionCallResultFrame)
        assert result.result == {"weather": f"sunny in {PLACE}"}
        assert talk.complaints() == []


async def test_a_cancel(target: Target) -> None:
    async with talking(target) as talk:
        await talk.says("Tell me a story.")
        await talk.next(frames.TTSAudioRawFrame)
        await talk.service.send_client_event(events.ResponseCancelEvent())
        await talk.next(frames.LLMFullResponseEndFrame)
        await talk.service.send_client_event(events.ResponseCancelEvent())  # refused, and no harm done
        await talk.service.send_client_event(
            events.ResponseCreateEvent(response=events.ResponseProperties(output_modalities=["text"]))
        )
        await talk.next(frames.LLMFullResponseEndFrame)
        assert talk.complaints() == []


async def test_a_malformed_event(target: Target) -> None:
    """Any error but three ends this client's session: that is what it does with a real one, too."""
    async with talking(target, "text") as talk:
        await talk.says("Hello.")
        await talk.next(frames.LLMFullResponseEndFrame)
        await talk.service.send_client_event(events.ConversationItemDeleteEvent(item_id="nowhere"))
        assert "nowhere" in await talk.error()
