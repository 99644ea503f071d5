"""Generation in process: llama.cpp, through the server object of xllamacpp.

The server has one loop of its own that computes the next token of all answers together. Each answer blocks
one thread of ours, in which it calls back for every piece of text; an answer that nobody wants any more ends
at its next piece.

The history of a session stays in the cache, so that only what is new is computed. But an answer that is still
running holds its place there, and one that begins beside it, on the same history, would have to compute all
of it again: one that is about to end is waited for.

A model whose chat template has a place for tools is given them there, and llama.cpp holds it to their schemas
once it begins a call. To one without, SmolLM2-135M among them, the choice is put as a question of its own
before the answer (`call_routing`); it is not trusted with a result, which is read out as it is.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import urllib.request
from collections.abc import AsyncGenerator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

from voice_server.adapters.call_deltas import CallDeltas
from voice_server.adapters.call_routing import (
    ROUTING_TOKENS,
    chosen,
    results,
    routed,
    routing_prompt,
    routing_request,
    without_calls,
)
from voice_server.adapters.chat_messages import chat_messages, chat_tools
from voice_server.adapters.llama_answer import Answer
from voice_server.adapters.prompt_fitting import fitted
from voice_server.core.conversation import Message
from voice_server.core.tools import ToolCall, ToolSpec
from voice_server.errors import ModelError, ModelFileError, OverloadedError
from voice_server.ports import Cores, GenerateOptions

MAX_TOKENS = 160
"""About a minute of speech: an answer that is heard may not be longer."""
TEMPERATURE = 0.2
TOP_P = 0.9
"""What the authors of SmolLM2 advise; at 0.7 it answers "How are you?" with a row of emoji."""
REPEAT_PENALTY = 1.1
"""Against the loops that so small a model falls into when it is this cool."""
CACHE_MIB = 1_024
"""For the histories of sessions that are not answering just now."""
FIRST_PIECES = 6
"""After so many the first clause is there, mostly, and others need the cores more."""
SLOT_SIMILARITY = 0.01
REUSED_TOKENS = 32
"""With these two a history that lost its oldest messages is moved within the cache, not computed again."""
SPINS = "2000"
"""How often a thread looks whether the other is done, before it sleeps. See `_library`."""
MIN_ROOM_TOKENS = 32
SILENT = -1
"""llama.cpp's verbosity."""
PROPERTIES_S = 10.0

logger = logging.getLogger(__name__)


class LlamaLanguageModel:
    """Fits `ports.LanguageModel`. Constructing it reads the model: for start-up; `close` it at the end.

    `parallel` answers are generated at once, with `threads` threads for all of them; more wait. Each has
    `context_tokens` for its prompt and itself; what does not fit is left out of the prompt, oldest first.
    `chat_template` replaces the model's own. The first words of an answer claim the `cores`; while these are
    crowded, or claimed for the first words of others, answers pause at their next piece.
    Raises ModelFileError when there is no such file or it is no model.
    """

    def __init__(
        self,
        model_path: Path,
        *,
        threads: int = 2,
        parallel: int = 4,
        context_tokens: int = 2_048,
        chat_template: str | None = None,
        cores: Cores | None = None,
    ) -> None:
        self.name = model_path.stem
        self.api_key = secrets.token_urlsafe(16)
        self._cores = cores
        self._parallel = parallel
        self._context_tokens = context_tokens
        self._server = self._load(model_path, threads, chat_template)
        self.knows_tools = _has_place_for_tools(self._server.listening_address, self.api_key)
        """Whether its chat template has a place for tools."""
        self._threads = ThreadPoolExecutor(parallel, thread_name_prefix="llama")
        self._answers: set[Answer] = set()

    @property
    def url(self) -> str:
        """Where llama.cpp serves the same model to OpenAI's clients, on loopback, to who has `api_key`."""
        return f"{self._server.listening_address}/v1"

    async def generate(
        self, messages: Sequence[Message], options: GenerateOptions
    ) -> AsyncGenerator[str | ToolCall, None]:
        """Stream the answer. Closing the generator returns at once; the thread ends within one token.

        It computes a piece or two more than are asked for, and goes on when it is asked again; with tools
        in the prompt it computes all.
        """
        if options.model not in (None, self.name):
            raise ModelError(f"there is no language model {options.model!r}: this server runs {self.name}")
        if options.early and self._works_for_others:
            raise OverloadedError("the machine is at work for others")
        if not self.knows_tools:
            pieces = self._by_routing(messages, options)
        elif options.tools:
            offer = _offer(options.tools, must_call=options.must_call)
            pieces = self._whole(Answer(tuple(messages), offer), options)
        else:
            pieces = self._text(messages, options)
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece

    async def _by_routing(
        self, messages: Sequence[Message], options: GenerateOptions
    ) -> AsyncGenerator[str | ToolCall, None]:
        """A result read out, or a call, or an answer."""
        if given := results(messages):
            yield " ".join(given)
            return
        if call := await self._choose(messages, options):
            yield call
            return
        async with aclosing(self._text(without_calls(messages), options)) as pieces:
            async for piece in pieces:
                yield piece

    async def _choose(self, messages: Sequence[Message], options: GenerateOptions) -> ToolCall | None:
        tools = routed(options.tools)
        if not tools or not messages or messages[-1].role != "user":
            return None
        request = routing_request(tools, must_call=options.must_call)
        answer = Answer(routing_prompt(tools, messages[-1].content), request)
        short = GenerateOptions(max_tokens=ROUTING_TOKENS, deadline_ms=options.deadline_ms)
        try:
            async with aclosing(self._whole(answer, short)) as pieces:
                return chosen("".join([piece async for piece in pieces if isinstance(piece, str)]))
        except ModelError as error:  # a schema may make no grammar: the user is answered all the same
            logger.warning("no tool can be chosen: %s", error)
            return None

    async def _whole(self, answer: Answer, options: GenerateOptions) -> AsyncGenerator[str | ToolCall, None]:
        """An answer that does not pause: what has begun under a grammar cannot be gone on with."""
        await self._begin(answer, options)
        try:
            while piece := await answer.next_piece():
                yield piece
        finally:
            self._let_go(answer)

    async def _text(
        self, messages: Sequence[Message], options: GenerateOptions
    ) -> AsyncGenerator[str | ToolCall, None]:
        said: list[str] = []
        while left := max(0, (options.max_tokens or MAX_TOKENS) - len(said)):
            deadline_ms = options.deadline_ms if len(said) < FIRST_PIECES else None
            if self._cores:
                await self._cores.calm(unclaimed=deadline_ms is None)
            rest = replace(options, max_tokens=left, deadline_ms=deadline_ms)
            answer = await self._begin(Answer(_continued(messages, "".join(said))), rest)
            try:
                while isinstance(piece := await answer.next_piece(), str):
                    said.append(piece)
                    yield piece
            finally:
                self._let_go(answer)
            if not answer.paused:
                return

    async def prime(self, messages: Sequence[Message], tools: Sequence[ToolSpec] = ()) -> None:
        """Have these messages and tools in the cache: the next prompt that begins so is answered sooner.

        Does nothing while half of the places or more are taken, or other work runs: answers go first.
        """
        for beginning in self._beginnings(messages, tools):
            taken = sum(not answer.stopped for answer in tuple(self._answers))
            if not self._busy and 2 * taken < self._parallel:
                await self._prime(beginning)

    def _beginnings(self, messages: Sequence[Message], tools: Sequence[ToolSpec]) -> Iterator[Answer]:
        """What `generate` would compute first."""
        if self.knows_tools:
            yield Answer(tuple(messages), _offer(tools) if tools else None, priming=True)
            return
        if offered := routed(tools):
            said = messages[-1].content if messages and messages[-1].role == "user" else ""
            yield Answer(routing_prompt(offered, said), priming=True)
        yield Answer(without_calls(messages), priming=True)

    async def _prime(self, answer: Answer) -> None:
        try:
            await self._begin(answer, GenerateOptions(max_tokens=1))
            await answer.finished.wait()
        except ModelError:
            pass  # whoever generates will be told
        finally:
            self._let_go(answer)

    def close(self) -> None:
        """End all answers with an error, and the threads. Waits for the tokens that are being computed."""
        for answer in tuple(self._answers):
            self._let_go(answer)
            answer.finish(ModelError("the language model was shut down"))
        self._threads.shutdown(cancel_futures=True)
        self._server = None

    async def _begin(self, answer: Answer, options: GenerateOptions) -> Answer:
        for earlier in tuple(self._answers):
            if earlier.ends_soon and answer.builds_on(earlier):
                await earlier.finished.wait()  # it holds the place in the cache where our history is
        self._hurry(answer, options.deadline_ms)
        try:
            future = self._threads.submit(self._answer, answer, options)
        except RuntimeError as error:  # the executor's, after close
            self._take_time(answer)
            raise ModelError("the language model was shut down") from error
        self._answers.add(answer)
        future.add_done_callback(lambda _: self._answers.discard(answer))
        return answer

    @property
    def _works_for_others(self) -> bool:
        return self._busy or any(not answer.ends_soon for answer in tuple(self._answers))

    @property
    def _busy(self) -> bool:
        """Whether other models are at work."""
        return self._cores is not None and self._cores.busy

    def _hurry(self, answer: Answer, deadline_ms: int | None) -> None:
        if self._cores and deadline_ms is not None:
            answer.hurries = True
            self._cores.claim(answer, deadline_ms)

    def _let_go(self, answer: Answer) -> None:
        """It is not wanted any more: it ends at its next piece, and is in no hurry for that."""
        answer.stopped = True
        self._take_time(answer)

    # ── in a thread ──

    def _take_time(self, answer: Answer) -> None:
        if self._cores and answer.hurries:
            answer.hurries = False
            self._cores.release(answer)

    def _needed_elsewhere(self, answer: Answer) -> bool:
        """Whether others need the cores more."""
        if self._cores is None:
            return False
        return self._cores.crowded or (self._cores.claimed and not answer.hurries)

    def _answer(self, answer: Answer, options: GenerateOptions) -> None:
        error: ModelError | None = None
        try:
            self._fit_and_generate(answer, options)
        except ModelError as refused:
            error = refused
        except Exception as raised:  # what llama.cpp throws arrives as RuntimeError, ValueError and more
            error = ModelError(f"llama.cpp: {raised}")
        self._take_time(answer)
        answer.finish(error)

    def _fit_and_generate(self, answer: Answer, options: GenerateOptions) -> None:
        max_tokens = min(options.max_tokens or MAX_TOKENS, self._context_tokens // 2)
        room = self._context_tokens - max_tokens
        while not answer.stopped:
            try:
                request = _request(fitted(answer.prompt, room), max_tokens, options)
                return self._attempt({**request, **answer.extra}, answer)
            except _PromptTooLongError:
                room //= 2
                if room < MIN_ROOM_TOKENS:
                    raise

    def _attempt(self, request: dict[str, Any], answer: Answer) -> None:
        """Generate until the end, or until the text is not wanted."""
        errors: list[dict[str, Any]] = []
        calls = CallDeltas()

        def receive(event: dict[str, Any]) -> bool:
            delta = _delta(event)
            calls.add(delta.get("tool_calls"))
            if "error" in event:
                errors.append(event["error"])
            elif text := delta.get("content"):
                answer.put(text)
            if answer.pieces >= FIRST_PIECES:
                self._take_time(answer)
            return answer.ends_soon or answer.pauses(crowded=self._needed_elsewhere(answer))

        self._server.handle_chat_completions(request, receive)
        if errors:
            too_long = errors[0].get("type") == "exceed_context_size_error"
            raise (_PromptTooLongError if too_long else ModelError)(f"llama.cpp: {errors[0]['message']}")
        for call in calls.finished():
            answer.put(call)

    def _load(self, model_path: Path, threads: int, chat_template: str | None) -> Any:
        if not model_path.is_file():
            raise ModelFileError(f"there is no model file {model_path}: run `voice-server models fetch`")
        llama = _library()
        params = llama.CommonParams()
        params.model.path = str(model_path)
        params.model_alias = {self.name}
        params.n_ctx, params.n_parallel = self._context_tokens * self._parallel, self._parallel
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
        params.cache_ram_mib = CACHE_MIB
        params.slot_prompt_similarity, params.n_cache_reuse = SLOT_SIMILARITY, REUSED_TOKENS
        params.enable_reasoning = 0  # nobody listens to silence
        if chat_template is not None:
            params.chat_template = chat_template
        params.api_keys, params.cors_origins, params.ui = [self.api_key], "", False
        params.verbosity = SILENT
        try:
            return llama.Server(params)
        except Exception as error:
            raise ModelFileError(f"{model_path} cannot be loaded: {error}") from error


class _PromptTooLongError(ModelError):
    pass


def _continued(messages: Sequence[Message], said: str) -> tuple[Message, ...]:
    """The prompt to go on from what was said: llama.cpp completes a last message of the assistant."""
    return (*messages, Message("assistant", said)) if said else tuple(messages)


def _library() -> Any:
    """xllamacpp, imported when it is needed, because its OpenMP reads the environment at that moment.

    Left to itself, a thread that waits for another spins for milliseconds, and where a third wants the core,
    all of them lose: the first token came after 859 ms instead of 250, the others at 4 a second instead of 26
    (two threads on two cores, one of them taken). With no spinning at all an idle machine is half as fast.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
    import xllamacpp

    return xllamacpp


def _request(messages: Sequence[Message], max_tokens: int, options: GenerateOptions) -> dict[str, Any]:
    return {
        "messages": chat_messages(messages),
        "max_tokens": max_tokens,
        "temperature": TEMPERATURE if options.temperature is None else options.temperature,
        "top_p": TOP_P,
        "repeat_penalty": REPEAT_PENALTY,
        "stream": True,
        "cache_prompt": True,
    }


def _offer(tools: Sequence[ToolSpec], *, must_call: bool = False) -> dict[str, Any]:
    """What llama.cpp is given beside the prompt; a penalty would forbid the names that are in it."""
    choice = {"tool_choice": "required"} if must_call else {}
    return {"tools": chat_tools(tools), "repeat_penalty": 1.0, **choice}


def _delta(event: dict[str, Any]) -> dict[str, Any]:
    choices = event.get("choices") or [{}]
    delta: dict[str, Any] = choices[0].get("delta", {})
    return delta


def _has_place_for_tools(address: str, key: str) -> bool:
    """Whether the chat template has one; llama.cpp has looked."""
    request = urllib.request.Request(f"{address}/props", headers={"Authorization": f"Bearer {key}"})
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # to ourselves, whatever is set
    with direct.open(request, timeout=PROPERTIES_S) as answer:
        return bool(json.load(answer)["chat_template_caps"]["supports_tools"])
