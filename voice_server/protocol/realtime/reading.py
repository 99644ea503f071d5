"""From a client's events to the core's, and to answers that need no decision.

An answer is made when it leaves, after everything that was said before it: then the items are as the client
knows them. What refers to the sound before it waits until that has been heard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import assert_never

from voice_server.audio.rates import FRAME_MS, INPUT_HZ, frame_bytes
from voice_server.core import events, requests
from voice_server.core.conversation import Message
from voice_server.core.tools import ToolSpec
from voice_server.errors import ProtocolError
from voice_server.protocol.realtime import client_events as client
from voice_server.protocol.realtime import frames
from voice_server.protocol.realtime.dialogue import Asked, Dialogue
from voice_server.protocol.realtime.frames import Frame
from voice_server.protocol.realtime.items import FRONT, Item, created, message_of, result_key
from voice_server.protocol.realtime.parsing import INVALID_VALUE, parse_event
from voice_server.protocol.realtime.session_settings import (
    choice,
    configured,
    functions,
    merged,
    must_call,
    shown,
    specs,
)
from voice_server.protocol.realtime.sound import Ear, from_base64

MIN_COMMIT_MS = 100
"""Less sound than this cannot be committed (as documented by OpenAI)."""


@dataclass(frozen=True, slots=True)
class Sound:
    """What the user's microphone heard: s16le at 16 kHz, at most 200 ms."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the codec's own, made when its turn to leave has come."""

    make: Callable[[], list[Frame]]


@dataclass(frozen=True, slots=True)
class AfterSound:
    """This is about the sound that came before it, all of which has to be heard first."""

    what: events.Event | Reply


@dataclass(frozen=True, slots=True)
class Rest:
    """A millisecond's work has been done, and more is to come: others may want to do theirs."""


Meant = Sound | events.Event | Reply | AfterSound
Read = Meant | Rest


class Reading:
    """Everything that arrives on one connection, in order."""

    def __init__(self, dialogue: Dialogue, session: Callable[[], str]) -> None:
        self._dialogue = dialogue
        self._session = session
        self._ear = Ear(dialogue.settings.input_format)
        self._heard_bytes = 0
        self._tags = count(1)
        self._created = count(1)

    def read(self, data: str | bytes, *, sound: bool = True) -> Iterator[Read]:
        """What one frame means, found out as it is asked for. A binary one is sound, as if in an `append`.

        Not `sound`: there must be none in it.
        """
        try:
            event = data if isinstance(data, bytes) else parse_event(data)
        except ProtocolError as problem:
            yield _refused(problem)
            return
        try:
            if not sound and isinstance(event, bytes | client.Append):
                raise ProtocolError(INVALID_VALUE, "A call's sound comes over the call.", field="type")
            yield from self._hear([event]) if isinstance(event, bytes) else self._meant(event)
        except ProtocolError as problem:
            problem.in_reply_to = None if isinstance(event, bytes) else event.event_id
            yield _refused(problem)

    def _meant(self, event: client.ClientEvent) -> Iterable[Read]:
        match event:
            case client.Append():
                return self._append(event.audio)
            case client.SessionUpdate():
                return self._update(event)
            case client.Commit():
                return self._commit()
            case client.Clear():
                return self._clear()
            case client.ItemCreate():
                return self._create(event)
            case client.ItemRetrieve() | client.ItemTruncate() | client.ItemDelete():
                return self._about_item(event)
            case client.ResponseCreate():
                return self._respond(event)
            case client.ResponseCancel():
                return self._cancel(event)
            case client.OutputClear():
                return self._silence()
            case _:
                assert_never(event)

    def _update(self, event: client.SessionUpdate) -> list[Read]:
        dialogue = self._dialogue
        dialogue.settings = settings = merged(dialogue.settings, event.session)
        if settings.input_format != self._ear.encoding:
            self._ear = Ear(settings.input_format)
        config = configured(settings, dialogue.house.base, dialogue.house.voices)
        return [
            events.Configured(config),
            Reply(lambda: [frames.session("updated", shown(settings, self._session()))]),
        ]

    # ── sound ──

    @property
    def _heard_ms(self) -> int:
        """The input clock, when all sound so far will have been heard."""
        return self._heard_bytes // frame_bytes(INPUT_HZ) * FRAME_MS

    def heard(self, pcm: bytes) -> list[Sound]:
        """Sound that came over a call: s16le at 16 kHz, at most 200 ms."""
        self._heard_bytes += len(pcm)
        return [Sound(pcm)] if pcm else []

    def _append(self, audio: str) -> Iterator[Read]:
        """All of it is decoded before any is heard: what is not base64 changes nothing."""
        if not self._dialogue.house.in_band:
            raise ProtocolError(INVALID_VALUE, "Over WebRTC, sound comes over the call.", field="type")
        portions: list[bytes] = []
        try:
            for portion in from_base64(audio):
                if portions:
                    yield Rest()
                portions.append(portion)
        except ValueError as error:
            why = f"Invalid 'audio': base64-encoded audio was expected ({error})."
            raise ProtocolError(INVALID_VALUE, why, field="audio") from None
        yield from self._hear(portions)

    def _hear(self, portions: list[bytes]) -> Iterator[Read]:
        ear = self._ear
        try:
            ear.check(sum(map(len, portions)))
        except ValueError as error:
            raise ProtocolError(INVALID_VALUE, f"Invalid 'audio': {error}.", field="audio") from None
        for portion in portions:
            for piece in ear.hear(portion):
                self._heard_bytes += len(piece)
                yield Sound(piece)

    def _commit(self) -> list[Read]:
        start_ms, end_ms = self._dialogue.committed_ms, self._heard_ms
        begun = self._heard_bytes % frame_bytes(INPUT_HZ) > 0  # a frame whose end is to come
        buffered_ms = max(0, end_ms + begun * FRAME_MS - start_ms)
        if buffered_ms < MIN_COMMIT_MS:
            why = (
                "Error committing input audio buffer: buffer too small. Expected at least "
                f"{MIN_COMMIT_MS}ms of audio, but buffer only has {buffered_ms:.2f}ms of audio."
            )
            raise ProtocolError("input_audio_buffer_commit_empty", why)
        self._dialogue.committed_ms = end_ms
        return [AfterSound(requests.InputCommitted(start_ms, end_ms))]

    def _clear(self) -> list[Read]:
        self._dialogue.committed_ms = self._heard_ms
        return [
            AfterSound(requests.InputCleared(self._heard_ms)),
            AfterSound(Reply(lambda: [frames.cleared()])),
        ]

    # ── items ──

    def _create(self, event: client.ItemCreate) -> list[Read]:
        dialogue, after = self._dialogue, event.previous_item_id
        item_id = event.item.id or f"item_{dialogue.scope}_c{next(self._created)}"
        if dialogue.knows(item_id):
            why = f"Error adding item: an item with id '{item_id}' already exists."
            raise ProtocolError("item_create_duplicate_item_id", why, field="item.id")
        if after not in (None, FRONT) and not dialogue.knows(after):
            why = f"Error adding item: the previous item with id '{after}' does not exist."
            raise ProtocolError(INVALID_VALUE, why, field="previous_item_id")
        item = created(event.item, item_id)
        dialogue.promised.add(item_id)
        known = self._known(event.item, item_id, after)
        if isinstance(known, events.ToolAnswered):
            item = replace(item, key=result_key(known.call))
        return [AfterSound(known), AfterSound(Reply(lambda: self._added(item, after)))]

    def _known(self, item: client.Creatable, item_id: str, after: str | None) -> events.Event:
        """How the core learns of it. What a function gave that was called here is that call's answer."""
        if isinstance(item, client.FunctionOutputItem) and item.call_id in self._dialogue.calls:
            self._dialogue.calls.discard(item.call_id)
            return events.ToolAnswered(item.call_id, item.output, None, speak="never")
        return requests.MessageAdded(item_id, message_of(item), self._key(after))

    def _key(self, item_id: str | None) -> str | None:
        """What the core calls the item after which another is to come: "" for none, the front."""
        if item_id is None or item_id == FRONT:
            return None if item_id is None else ""
        item = self._dialogue.items.get(item_id)
        return item.key if item else item_id

    def _added(self, item: Item, after: str | None) -> list[Frame]:
        previous = self._dialogue.items.put(item, after)
        self._dialogue.promised.discard(item.id)
        return [frames.item("added", item.body, previous), frames.item("done", item.body, previous)]

    def _about_item(self, event: client.ItemRetrieve | client.ItemTruncate | client.ItemDelete) -> list[Read]:
        match event:
            case client.ItemRetrieve():
                return [AfterSound(Reply(lambda: self._retrieved(event)))]
            case client.ItemTruncate():
                return self._truncate(event)
            case client.ItemDelete():
                return self._delete(event)
            case _:
                assert_never(event)

    def _retrieved(self, event: client.ItemRetrieve) -> list[Frame]:
        item = self._dialogue.items.get(event.item_id)
        if item:
            return [frames.retrieved(item.body)]
        why = f"Error retrieving item: the item with id '{event.item_id}' does not exist."
        code = "item_retrieve_invalid_item_id"
        return [frames.error(ProtocolError(code, why, field="item_id", in_reply_to=event.event_id))]

    def _truncate(self, event: client.ItemTruncate) -> list[Read]:
        """Never an error: clients truncate late, twice, and items of a session before this."""
        responding = self._dialogue.response_of(event.item_id)

        def truncated() -> list[Frame]:
            heard_ms = responding.cut(event.audio_end_ms) if responding else event.audio_end_ms
            return [frames.truncated(event.item_id, event.content_index, heard_ms)]

        if responding is None:
            return [Reply(truncated)]
        return [requests.HeardCorrected(responding.terms.number, event.audio_end_ms), Reply(truncated)]

    def _delete(self, event: client.ItemDelete) -> list[Read]:
        dialogue, item_id = self._dialogue, event.item_id
        why = f"Error deleting item: the item with id '{item_id}' does not exist."
        unknown = ProtocolError(
            "item_delete_invalid_item_id", why, field="item_id", in_reply_to=event.event_id
        )
        if not dialogue.knows(item_id):
            raise unknown

        def deleted() -> list[Frame]:
            if item_id not in dialogue.items:
                return [frames.error(unknown)]  # an event before this one has deleted it
            dialogue.items.remove(item_id)
            return [frames.deleted(item_id)]

        known = self._key(item_id)
        forgotten = [AfterSound(requests.MessageRemoved(known))] if known else []
        return [*forgotten, AfterSound(Reply(deleted))]

    # ── responses ──

    def _respond(self, event: client.ResponseCreate) -> list[Read]:
        if self._dialogue.settings.type == "transcription":
            raise ProtocolError(INVALID_VALUE, "A transcription session has no responses.", field="type")
        patch, tag = event.response, str(next(self._tags))
        tools, must = self._tools(patch)
        limit = patch.max_output_tokens
        wish = requests.Wish(
            instructions=patch.instructions,
            messages=None if patch.input is None else tuple(map(self._input, patch.input)),
            tools=tools,
            must_call=must,
            max_tokens=limit if isinstance(limit, int) else None,
            speech=None if patch.output_modalities is None else patch.output_modalities == ("audio",),
            remembered=patch.conversation != "none",
        )
        self._dialogue.asked[tag] = Asked(patch, event.event_id)
        return [AfterSound(requests.AnswerWanted(tag, wish))]

    def _tools(
        self, patch: client.ResponsePatch
    ) -> tuple[tuple[ToolSpec, ...] | None, tuple[str, ...] | None]:
        """What may be called, and what has to be; None, where that is the session's."""
        if patch.tools is None and patch.tool_choice is None:
            return None, None
        settings = self._dialogue.settings
        chosen = settings.tool_choice if patch.tool_choice is None else choice(patch.tool_choice)
        offered = settings.tools if patch.tools is None else functions(patch.tools)
        return specs(offered, chosen), must_call(offered, chosen)

    def _input(self, item: client.Creatable | client.ItemReference) -> Message:
        if not isinstance(item, client.ItemReference):
            return message_of(item)
        known = self._dialogue.items.get(item.id)
        if known is None or known.body["type"] != "message":
            why = f"The item with id '{item.id}' does not exist, or is no message."
            raise ProtocolError(INVALID_VALUE, why, field="response.input")
        texts = [part.get("text") or part.get("transcript") or "" for part in known.body["content"]]
        return Message(known.body["role"], " ".join(texts))

    def _cancel(self, event: client.ResponseCancel) -> list[Read]:
        current, before = self._dialogue.current, self._dialogue.cut_offs

        def checked() -> list[Frame]:
            if self._dialogue.cut_offs > before:
                return []
            why = "Cancellation failed: no active response found"
            return [
                frames.error(ProtocolError("response_cancel_not_active", why, in_reply_to=event.event_id))
            ]

        if event.response_id and current and event.response_id != current.terms.id:
            return [Reply(checked)]
        return [AfterSound(events.Interrupted()), AfterSound(Reply(checked))]

    def _silence(self) -> list[Read]:
        """Clients send it right after `response.cancel`, and then nothing is left to be silenced."""
        if self._dialogue.house.in_band:
            raise ProtocolError(INVALID_VALUE, "output_audio_buffer.clear is for WebRTC only.", field="type")
        return [AfterSound(events.Interrupted())]


def _refused(problem: ProtocolError) -> Reply:
    return Reply(lambda: [frames.error(problem)])
