"""From the core's facts to the events of the API.

`speech_started` makes clients drop what they play, so it is told only when the core has decided to yield: a
sound over an answer is held back until the answer has ended, and forgotten if it was a false alarm.
"""

from __future__ import annotations

from typing import assert_never

from voice_server.core import commands as facts
from voice_server.errors import ProtocolError
from voice_server.protocol.realtime import frames
from voice_server.protocol.realtime.client_events import ResponsePatch
from voice_server.protocol.realtime.dialogue import Dialogue
from voice_server.protocol.realtime.frames import Frame
from voice_server.protocol.realtime.items import Item, message_body, response_key, turn_key
from voice_server.protocol.realtime.responding import Responding, Terms
from voice_server.protocol.realtime.session_settings import shown, shown_output

ResponseFact = (
    facts.TextAdded
    | facts.WordsPlaced
    | facts.ToolCalled
    | facts.ResponseStopped
    | facts.ResponseResumed
    | facts.ResponseEnded
)
"""About one response that has begun."""


class Telling:
    """Everything that leaves on one connection, in order."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        self._held: list[Frame] = []
        self._turn = 0
        self._committed: set[str] = set()  # items of turns, those that the client has deleted included
        self._stable = 0
        self._wordless: str | None = None
        self._stop: facts.StopReason | None = None
        self._trouble = ("server_error", "The response failed.")

    def opened(self, session: str) -> list[Frame]:
        """The first event of all."""
        return [frames.session("created", shown(self._dialogue.settings, session))]

    def sounded(self, response: int, position: int, pcm: bytes, *, last: bool) -> list[Frame]:
        """A piece of an answer, s16le at 24 kHz, from sample `position` on."""
        current = self._dialogue.current
        if current is None or current.terms.key != response_key(response):
            return []
        return current.add_sound(position, pcm, last=last)

    def told(self, fact: facts.Fact) -> list[Frame]:
        """What the client is to learn of it; often nothing."""
        match fact:
            case facts.TurnOpened() | facts.TurnPaused():
                return self._about_speech(fact)
            case facts.TranscriptRevised():
                return self._revised(fact)
            case facts.TranscriptCommitted():
                return self._transcribed(fact)
            case facts.TurnPassed():
                return self._passed(fact)
            case facts.Trouble():
                return self._trouble_with(fact)
            case facts.ConfigChanged() | facts.SessionEnded() | facts.ToolCancelled():
                return []
            case _:
                return self._about_response(fact)

    # ── the user ──

    @property
    def _manual(self) -> bool:
        return self._dialogue.settings.turn_detection is None

    def _about_speech(self, fact: facts.TurnOpened | facts.TurnPaused) -> list[Frame]:
        item_id = self._dialogue.turn_item(fact.turn)
        if isinstance(fact, facts.TurnOpened):
            if fact.turn != self._turn:
                self._turn, self._stable = fact.turn, 0
            if self._manual:
                return self._without_words()
            detection = self._dialogue.settings.turn_detection
            padding_ms = detection.prefix_padding_ms if detection else 0
            told = frames.speech_started(item_id, max(0, fact.at_ms - padding_ms))
        elif self._manual:
            return [] if item_id in self._committed else self._commit(item_id)
        else:
            told = frames.speech_stopped(item_id, fact.at_ms)
        if self._dialogue.current and (self._stop or self._held):
            self._held.append(told)
            return []
        return [told]

    def _commit(self, item_id: str) -> list[Frame]:
        """The sound has become an item; its words may still be unknown."""
        self._committed.add(item_id)
        body = message_body(item_id, "user", [{"type": "input_audio", "transcript": None}])
        previous = self._dialogue.items.put(Item(body, turn_key(self._turn)))
        if self._dialogue.settings.transcription:
            self._wordless = item_id
        committed = frames.committed(item_id, previous)
        return [committed, frames.item("added", body, previous), frames.item("done", body, previous)]

    def _revised(self, fact: facts.TranscriptRevised) -> list[Frame]:
        """What will not change any more."""
        delta = fact.text[self._stable : fact.stable]
        if not delta or self._held or not self._dialogue.settings.transcription:
            return []
        self._stable = fact.stable
        return [frames.transcription("delta", self._dialogue.turn_item(fact.turn), delta=delta)]

    def _transcribed(self, fact: facts.TranscriptCommitted) -> list[Frame]:
        self._turn, self._dialogue.committed_ms = fact.turn, fact.end_ms
        item_id = self._dialogue.turn_item(fact.turn)
        told = [] if item_id in self._committed else self._commit(item_id)
        if self._dialogue.settings.transcription is None:
            return told
        body = message_body(item_id, "user", [{"type": "input_audio", "transcript": fact.text}])
        self._dialogue.items.change(Item(body, turn_key(fact.turn)))
        self._wordless = None
        if rest := fact.text[self._stable :]:
            told.append(frames.transcription("delta", item_id, delta=rest))
        usage = {"type": "duration", "seconds": (fact.end_ms - fact.start_ms) / 1000}
        words = {"transcript": fact.text, "usage": usage}
        return [*told, frames.transcription("completed", item_id, **words)]

    def _passed(self, fact: facts.TurnPassed) -> list[Frame]:
        """The user's silence is an item, too."""
        self._turn = fact.turn
        item_id = self._dialogue.turn_item(fact.turn)
        return [frames.timeout_triggered(item_id, fact.start_ms, fact.end_ms), *self._commit(item_id)]

    def _without_words(self) -> list[Frame]:
        """A sound that was committed had no words in it: that is told with what comes next."""
        item_id, self._wordless = self._wordless, None
        if item_id is None:
            return []
        usage = {"type": "duration", "seconds": 0.0}
        return [frames.transcription("completed", item_id, transcript="", usage=usage)]

    def _untranscribed(self, why: str) -> list[Frame]:
        item_id = self._dialogue.turn_item(self._turn)
        told = [] if item_id in self._committed else self._commit(item_id)
        self._wordless = None
        if self._dialogue.settings.transcription is None:
            return told
        problem = {"type": "transcription_error", "code": "transcription_failed", "message": why}
        return [*told, frames.transcription("failed", item_id, error=problem)]

    # ── the assistant ──

    def _about_response(self, fact: facts.ResponseBegan | ResponseFact) -> list[Frame]:
        if isinstance(fact, facts.ResponseBegan):
            return [*self._without_words(), *self._begin(fact)]
        current = self._dialogue.current
        if current is None or current.terms.key != response_key(fact.response):
            return []
        return self._about_current(fact, current)

    def _about_current(self, fact: ResponseFact, current: Responding) -> list[Frame]:
        match fact:
            case facts.TextAdded():
                return current.add_text(fact.delta)
            case facts.WordsPlaced():
                current.place_words(fact.words)
            case facts.ToolCalled():
                self._dialogue.calls.add(fact.call)
                return current.call(fact)
            case facts.ResponseStopped():
                self._stop = fact.reason
            case facts.ResponseResumed():
                self._stop, self._held = None, []
            case facts.ResponseEnded():
                return self._end(fact, current)
            case _:
                assert_never(fact)
        return []

    def _begin(self, fact: facts.ResponseBegan) -> list[Frame]:
        asked = self._dialogue.asked.pop(fact.asked, None) if fact.asked else None
        responding = Responding(self._terms(fact.response, asked.patch if asked else ResponsePatch()))
        self._dialogue.current, self._stop, self._held = responding, None, []
        self._dialogue.said.append(responding)
        return responding.began()

    def _terms(self, response: int, patch: ResponsePatch) -> Terms:
        dialogue, settings = self._dialogue, self._dialogue.settings
        aside = patch.conversation == "none"
        modality = patch.output_modalities[0] if patch.output_modalities else settings.modality
        return Terms(
            number=response,
            id=dialogue.response_id(response),
            scope=f"item_{dialogue.scope}_r{response}",
            key=response_key(response),
            modality=modality,
            encoding=settings.output_format,
            in_band=dialogue.house.in_band,
            shown={
                "conversation_id": None if aside else dialogue.conversation_id,
                "output_modalities": [modality],
                "max_output_tokens": patch.max_output_tokens or settings.max_output_tokens,
                "audio": {"output": shown_output(settings)},
                "metadata": patch.metadata,
            },
            items=None if aside else dialogue.items,
        )

    def _end(self, fact: facts.ResponseEnded, current: Responding) -> list[Frame]:
        held, self._held = self._held, []
        ended = current.end(fact, self._stop, self._trouble)
        self._dialogue.cut_offs += fact.status == "interrupted"
        self._dialogue.current, self._stop = None, None
        return [*held, *ended]

    def _trouble_with(self, fact: facts.Trouble) -> list[Frame]:
        """Only what a client asked for is an error to it: many end the session at any other."""
        if fact.code == "transcription_failed":
            return self._untranscribed(fact.message)
        if fact.asked is not None:
            asked = self._dialogue.asked.pop(fact.asked, None)
            code = "conversation_already_has_active_response"
            why = "Conversation already has an active response in progress. Wait until it is finished."
            return [frames.error(ProtocolError(code, why, in_reply_to=asked.event_id if asked else None))]
        self._trouble = (fact.code, fact.message)
        return []
