"""Making a response: its text from the language model, its sound from the synthesizer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing

from voice_server.audio.resampling import resample
from voice_server.core import commands, events
from voice_server.core.playout import Word
from voice_server.core.policy import SessionConfig
from voice_server.core.tools import ToolCall, ToolSpec
from voice_server.errors import ModelError, OverloadedError
from voice_server.ports import Clock, GenerateOptions, Models, SpeechChunk
from voice_server.runtime.asking import Configured, Tell
from voice_server.runtime.outbox import Outbox
from voice_server.runtime.speaking import Speech
from voice_server.runtime.tool_arguments import problem_with

FIRST_WORDS_BUDGET_MS = 100
FIRST_CLAUSE_BUDGET_MS = 120
LATER_CLAUSE_BUDGET_MS = 600


class Voicing:
    """Generates and synthesises on behalf of one session."""

    def __init__(self, models: Models, clock: Clock, config: Configured) -> None:
        self._models = models
        self._clock = clock
        self._config = config

    async def prime(self, order: commands.Prime) -> None:
        """Have the prompt's beginning in the model's cache."""
        config = self._config()
        tools = (*config.server_tools, *config.tools)
        await self._models.language_model.prime(order.messages, tools)

    async def generate(self, order: commands.Generate, speech: Speech, outbox: Outbox, tell: Tell) -> None:
        """Stream the text as events, as far as it is wanted, until it ends, fails, or is cancelled."""
        options = self._options(order)
        try:
            async with aclosing(self._models.language_model.generate(order.messages, options)) as pieces:
                await _pass_on(pieces, options.tools, speech, outbox, tell)
        except OverloadedError as error:
            declined = events.DraftDeclined(order.response)
            tell(declined if order.early else events.GenerationFailed(order.response, str(error)))
        except ModelError as error:
            tell(events.GenerationFailed(order.response, str(error)))
        else:
            tell(events.GenerationEnded(order.response))

    def _options(self, order: commands.Generate) -> GenerateOptions:
        config = self._config()
        tools = _callable(config, order)
        max_tokens = config.max_tokens if order.max_tokens is None else order.max_tokens
        must_call = bool(order.must_call and tools)
        deadline_ms = None if order.early else self._clock.now_ms() + FIRST_WORDS_BUDGET_MS
        return GenerateOptions(
            config.model, config.temperature, max_tokens, tools, must_call, order.early, deadline_ms
        )

    async def synthesize(self, speech: Speech, tell: Tell, wake: Callable[[], None]) -> None:
        """Speak the clauses in order, until cancelled."""
        while True:
            clause, text = await speech.clauses.get()
            await speech.room()
            try:
                await self._speak(speech, clause, text, tell)
            except ModelError as error:
                tell(events.SynthesisFailed(speech.response, clause, str(error)))
                return
            speech.clause_made()
            tell(events.ClauseSynthesized(speech.response, clause))
            wake()

    async def _speak(self, speech: Speech, clause: int, text: str, tell: Tell) -> None:
        budget_ms = LATER_CLAUSE_BUDGET_MS if clause else FIRST_CLAUSE_BUDGET_MS
        chunks = self._models.synthesizer.synthesize(
            text, deadline_ms=self._clock.now_ms() + budget_ms, voice=self._config().voice
        )
        seam = speech.seam(clause)
        async with aclosing(chunks):
            async for chunk in chunks:
                fitted = seam.rest(self._at_output_rate(chunk))
                speech.append(fitted.samples)
                tell(events.AudioSynthesized(speech.response, clause, len(fitted.samples), fitted.words))

    def _at_output_rate(self, chunk: SpeechChunk) -> SpeechChunk:
        from_hz, to_hz = self._models.synthesizer.sample_rate_hz, self._config().output_rate_hz
        if from_hz == to_hz:
            return chunk
        words = tuple(
            Word(w.text, w.start_sample * to_hz // from_hz, w.end_sample * to_hz // from_hz)
            for w in chunk.words
        )
        return SpeechChunk(resample(chunk.samples, from_hz, to_hz), words)


async def _pass_on(
    pieces: AsyncIterator[str | ToolCall],
    tools: Sequence[ToolSpec],
    speech: Speech,
    outbox: Outbox,
    tell: Tell,
) -> None:
    begun = speech.begun_text
    async for piece in pieces:
        if isinstance(piece, ToolCall):
            tell(events.ToolCallProposed(speech.response, piece, problem_with(piece, tools)))
        else:
            rest, begun = _unsaid(piece, begun)
            if rest is None:
                return  # it answers in other words this time: what was begun ends here
            if rest:
                tell(events.TextGenerated(speech.response, rest))
        await speech.text_wanted()
        await _until_read(speech.response, outbox, tell)


async def _until_read(response: int, outbox: Outbox, tell: Tell) -> None:
    """Wait while the client is far behind; whoever watches the model is told that it has not stalled."""
    if outbox.unread:
        tell(events.TextHeld(response, held=True))
        await outbox.read()
        tell(events.TextHeld(response, held=False))


def _unsaid(piece: str, begun: str) -> tuple[str | None, str]:
    """What of the piece comes after what was `begun`, and what is left of that. None: it is another text."""
    size = min(len(piece), len(begun))
    if piece[:size] != begun[:size]:
        return None, ""
    return piece[size:], begun[size:]


def _callable(config: SessionConfig, order: commands.Generate) -> tuple[ToolSpec, ...]:
    """The tools that the model may call in this answer."""
    if not order.with_tools:
        return ()
    tools = (*config.server_tools, *(config.tools if order.tools is None else order.tools))
    return tuple(tool for tool in tools if tool.name in order.must_call or not order.must_call)
