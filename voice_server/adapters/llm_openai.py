"""Generation by any server that speaks OpenAI's chat completions: vLLM, Ollama, llama.cpp, a hosted one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Sequence
from typing import Any, TypeVar

import openai

from voice_server.adapters.call_deltas import CallDeltas
from voice_server.adapters.chat_messages import chat_messages, chat_tools
from voice_server.core.conversation import Message
from voice_server.core.tools import ToolCall, ToolSpec
from voice_server.errors import ModelError, OverloadedError
from voice_server.loopback import direct_mounts
from voice_server.ports import GenerateOptions

MAX_TOKENS = 160
"""About a minute of speech: an answer that is heard may not be longer."""
NO_KEY = "none"
"""The client library insists on a key; servers without keys ignore it."""

T = TypeVar("T")


class OpenAILanguageModel:
    """Fits `ports.LanguageModel`. `url` ends in "/v1". `aclose` it at the end.

    A server that sends nothing for `stall_ms` has failed. Nothing is tried twice: only the caller knows
    whether an answer is still wanted. Every failure is a ModelError that says where to look.
    """

    def __init__(self, url: str, model: str, api_key: str | None = None, *, stall_ms: int = 8_000) -> None:
        self._url = url
        self._model = model
        self._stall_ms = stall_ms
        self._client = openai.AsyncOpenAI(
            base_url=url,
            api_key=api_key or NO_KEY,
            max_retries=0,
            timeout=None,
            http_client=openai.DefaultAsyncHttpxClient(mounts=direct_mounts(url)),
        )

    async def generate(
        self, messages: Sequence[Message], options: GenerateOptions
    ) -> AsyncGenerator[str | ToolCall, None]:
        """Stream the answer. Closing the generator closes the connection, which ends the generation there.

        Early drafts are declined: many are thrown away, and each would be paid for.
        """
        if options.early:
            raise OverloadedError("no early drafts from a server that may want to be paid")
        request = self._request(messages, options)
        answered, calls = False, CallDeltas()
        async with await self._step(self._client.chat.completions.create(**request), request) as stream:
            while chunk := await self._step(anext(stream, None), request):
                answered = answered or _is_completion(chunk)
                delta = _delta(chunk)
                calls.add(delta.get("tool_calls"))
                if (text := delta.get("content")) and isinstance(text, str):
                    yield text
        if not answered:
            raise ModelError(self._no_completion())
        for call in calls.finished():
            yield call

    async def prime(self, messages: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> None:
        """Does nothing: whether the server keeps a cache is not known, and a request may cost money."""

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _request(self, messages: Sequence[Message], options: GenerateOptions) -> dict[str, Any]:
        request = {
            "model": options.model or self._model,
            "messages": chat_messages(messages),
            "max_tokens": options.max_tokens or MAX_TOKENS,
            "stream": True,
        }
        if options.temperature is not None:
            request["temperature"] = options.temperature
        if options.tools:
            request["tools"] = chat_tools(options.tools)
            if options.must_call:
                request["tool_choice"] = "required"
        return request

    async def _step(self, awaited: Awaitable[T], request: dict[str, Any]) -> T:
        """What the server sends next. Raises ModelError for whatever goes wrong with it."""
        try:
            async with asyncio.timeout(self._stall_ms / 1000):
                return await awaited
        except TimeoutError as error:
            raise ModelError(
                f"{self._url} sent nothing for {self._stall_ms} ms: "
                "is it overloaded, or `llm.stall_ms` too short?"
            ) from error
        except openai.OpenAIError as error:
            raise ModelError(self._explained(error, request["model"])) from error
        except ValueError as error:  # the library's JSON
            raise ModelError(self._no_completion()) from error

    def _explained(self, error: openai.OpenAIError, model: str) -> str:
        """What happened, and where to look."""
        match error:
            case openai.AuthenticationError() | openai.PermissionDeniedError():
                return f"{self._url} refuses the key: set `llm.api_key` to one that it knows"
            case openai.NotFoundError():
                return (
                    f"{self._url} knows no model {model!r}, or no chat completions: "
                    "set `llm.model` to one of its models, and `llm.url` to the address that ends in /v1"
                )
            case openai.RateLimitError():
                return f"{self._url} takes no more requests now: wait, or raise the quota ({error.message})"
            case openai.APIStatusError():
                return f"{self._url} failed: look at its log ({error.message})"
            case openai.APIConnectionError():
                cause = error.__cause__ or error
                return f"{self._url} cannot be reached: is it running, and is `llm.url` right? ({cause})"
            case _:
                return f"{self._url} broke the answer off: look at its log ({error})"

    def _no_completion(self) -> str:
        return (
            f"{self._url} sent no chat completion: is `llm.url` the address of an OpenAI-compatible server?"
        )


def _is_completion(chunk: Any) -> bool:
    return isinstance(getattr(chunk, "choices", None), list)


def _delta(chunk: Any) -> dict[str, Any]:
    """As plain JSON: the library checks nothing that it receives."""
    choices = chunk.choices if _is_completion(chunk) else []
    delta = getattr(choices[0], "delta", None) if choices else None
    return delta.to_dict(mode="python", warnings=False) if isinstance(delta, openai.BaseModel) else {}
