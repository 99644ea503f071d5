"""One response as the client is told of it: its items, its text, its sound, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from voice_server.audio.rates import ms_to_samples, samples_to_ms
from voice_server.core.commands import ResponseEnded, StopReason, ToolCalled
from voice_server.core.playout import Word
from voice_server.protocol.realtime import frames
from voice_server.protocol.realtime.frames import Frame, Place
from voice_server.protocol.realtime.items import Item, Items, call_key, function_body, message_body
from voice_server.protocol.realtime.session_patch import Modality
from voice_server.protocol.realtime.session_settings import PCM_HZ, Encoding
from voice_server.protocol.realtime.sound import Mouth, to_base64


@dataclass(frozen=True, slots=True)
class Terms:
    """What was settled when the response began."""

    number: int
    """The core's id of it."""
    id: str
    scope: str
    """What its items' ids begin with."""
    key: str
    """What the core's history calls it."""
    modality: Modality
    encoding: Encoding
    in_band: bool
    """Whether its sound goes the same way as the events."""
    shown: Frame
    """What its object says besides status and output: metadata, formats."""
    items: Items | None
    """The conversation that it belongs to; None: to none."""


class Responding:
    """From `response.created` to `response.done`. Positions are samples at 24 kHz."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.message_id: str | None = None
        self._text = ""
        self._words: list[Word] = []
        self._outputs: list[dict[str, Any]] = []
        self._message_index = 0
        self._mouth = Mouth(terms.encoding)
        self._sent = 0
        self._sounded = False

    def began(self) -> list[Frame]:
        """It is there."""
        return [frames.response("created", self._body("in_progress", None))]

    # ── what it says ──

    def add_text(self, delta: str) -> list[Frame]:
        """More of its words, ahead of its sound."""
        self._text += delta
        kind = "output_audio_transcript.delta" if self._aloud else "output_text.delta"
        return [*self._open_message(), frames.content(kind, self._place, delta=delta)]

    def place_words(self, words: tuple[Word, ...]) -> None:
        """When they sound: so that it is known what was heard."""
        self._words.extend(words)

    def add_sound(self, position: int, pcm: bytes, *, last: bool) -> list[Frame]:
        """More of its sound. What the client has already, after a false alarm, is not sent again."""
        known = max(0, self._sent - position) * 2
        self._sent = max(self._sent, position + len(pcm) // 2)
        encoded = self._mouth.push(pcm[known:], last=last)
        if not self._aloud or not encoded:
            return []
        if not self.terms.in_band:
            return self._sounds_elsewhere()
        delta = frames.content("output_audio.delta", self._opened_place(), delta=to_base64(encoded))
        return [*self._open_message(), delta]

    def _sounds_elsewhere(self) -> list[Frame]:
        """The first of its sound is on its way over the call."""
        if self._sounded:
            return []
        self._sounded = True
        return [*self._open_message(), frames.output_buffer("started", self.terms.id)]

    def call(self, called: ToolCalled) -> list[Frame]:
        """It calls a function of the client."""
        place = Place(self.terms.id, f"{self.terms.scope}_{len(self._outputs)}", len(self._outputs))
        body = function_body(place.item_id, called.call, called.name, "", "in_progress")
        done = function_body(place.item_id, called.call, called.name, called.arguments)
        key = call_key(called.call)
        opened = self._open(place, body, key)
        self._outputs[place.output_index] = done
        arguments = {"name": called.name, "arguments": called.arguments}
        return [
            *opened,
            frames.arguments("delta", place, called.call, delta=called.arguments),
            frames.arguments("done", place, called.call, **arguments),
            *self._close(place, done, key),
        ]

    # ── how it ended ──

    def end(self, ended: ResponseEnded, reason: StopReason | None, why: tuple[str, str]) -> list[Frame]:
        """The one ending. `why`: code and message of what failed, if it did."""
        told: list[Frame] = []
        if self.message_id is not None:
            text = ended.heard if ended.status == "interrupted" and self._aloud else self._text
            told = self._end_message(text, "completed" if ended.status == "completed" else "incomplete")
        status, details = _status(ended, reason, why)
        return [*told, frames.response("done", self._body(status, details)), *self._silence(ended)]

    def _silence(self, ended: ResponseEnded) -> list[Frame]:
        """Over a call, what became of its sound: it has sounded to its end, or what was left was dropped."""
        if not self._sounded or self.message_id is None:
            return []
        if ended.status == "completed":
            return [frames.output_buffer("stopped", self.terms.id)]
        heard = self._words[: len(ended.heard.split())]
        heard_ms = samples_to_ms(heard[-1].end_sample, PCM_HZ) if heard else 0
        cut = frames.truncated(self.message_id, 0, heard_ms)
        return [frames.output_buffer("cleared", self.terms.id), cut]

    def _end_message(self, text: str, status: Literal["completed", "incomplete"]) -> list[Frame]:
        place = self._place
        body = self._message(text, status)
        self._outputs[self._message_index] = body
        if self._aloud:
            finished = [
                frames.content("output_audio.done", place),
                frames.content("output_audio_transcript.done", place, transcript=text),
            ]
        else:
            finished = [frames.content("output_text.done", place, text=text)]
        part_done = frames.content("content_part.done", place, part=self._part(text))
        return [*finished, part_done, *self._close(place, body, self.terms.key)]

    def cut(self, audio_end_ms: int) -> int:
        """The client heard so much of it: its item keeps those words. Returns what that comes to, at most
        what was sent, in ms."""
        heard_ms = min(audio_end_ms, samples_to_ms(self._sent, PCM_HZ))
        if self.terms.items is not None and self.message_id is not None and self._aloud:
            end = ms_to_samples(heard_ms, PCM_HZ)
            heard = " ".join(word.text for word in self._words if word.end_sample <= end)
            body = self._message(heard, "incomplete")
            self.terms.items.change(Item(body, self.terms.key))
        return heard_ms

    # ── pieces ──

    @property
    def _aloud(self) -> bool:
        return self.terms.modality == "audio"

    @property
    def _place(self) -> Place:
        return Place(self.terms.id, self.message_id or "", self._message_index)

    def _opened_place(self) -> Place:
        if self.message_id is None:
            return Place(self.terms.id, f"{self.terms.scope}_{len(self._outputs)}", len(self._outputs))
        return self._place

    def _open_message(self) -> list[Frame]:
        if self.message_id is not None:
            return []
        place = self._opened_place()
        self.message_id, self._message_index = place.item_id, place.output_index
        body = message_body(place.item_id, "assistant", [], "in_progress")
        opened = self._open(place, body, self.terms.key)
        return [*opened, frames.content("content_part.added", place, part=self._part(""))]

    def _open(self, place: Place, body: dict[str, Any], key: str) -> list[Frame]:
        self._outputs.append(body)
        told = [frames.output_item("added", place, body)]
        if self.terms.items is not None:
            previous = self.terms.items.put(Item(body, key))
            told.append(frames.item("added", body, previous))
        return told

    def _close(self, place: Place, body: dict[str, Any], key: str) -> list[Frame]:
        told = [frames.output_item("done", place, body)]
        items = self.terms.items
        if items is not None and place.item_id in items:
            items.change(Item(body, key))
            told.insert(0, frames.item("done", body, items.before(place.item_id)))
        return told

    def _message(self, text: str, status: str) -> dict[str, Any]:
        part = (
            {"type": "output_audio", "transcript": text}
            if self._aloud
            else {"type": "output_text", "text": text}
        )
        return message_body(self.message_id or "", "assistant", [part], status)

    def _part(self, text: str) -> Frame:
        return {"type": "audio", "transcript": text} if self._aloud else {"type": "text", "text": text}

    def _body(self, status: str, details: Frame | None) -> Frame:
        fixed = {"object": "realtime.response", "id": self.terms.id, **self.terms.shown}
        output = [dict(body) for body in self._outputs]
        return {**fixed, "status": status, "status_details": details, "output": output, "usage": None}


def _status(
    ended: ResponseEnded, reason: StopReason | None, why: tuple[str, str]
) -> tuple[str, Frame | None]:
    if ended.status == "completed":
        return "completed", None
    if ended.status == "interrupted":
        cause = "turn_detected" if reason == "barge_in" else "client_cancelled"
        return "cancelled", {"type": "cancelled", "reason": cause}
    code, message = why
    failure = {"type": "server_error", "code": code, "message": message}
    return "failed", {"type": "failed", "error": failure}
