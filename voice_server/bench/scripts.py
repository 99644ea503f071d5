"""How a trial's session goes. Pure, as every script of the client."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from voice_server.client.script import Action, BargeIn, HangUp, Scene, Send

LISTEN_MS = 600
"""So much of an answer is heard before the trial goes on to its end."""
DONE_MS = 1_500
"""So long after the stop button, `response.done` is no longer waited for."""
TURN_PATIENCE_MS = 8_000
STORY_PATIENCE_MS = 20_000
TAIL_MS = 2_500
"""So long after a sound over an answer, all that it leads to has happened or counts as never."""
STORY = "Tell me a long story about a lighthouse keeper and a storm."


@dataclass(slots=True)
class HearAnswer:
    """Wait for the answer to the recording in the microphone, listen to its beginning, and stop it."""

    over_ms: float
    """When the speech is over: answers before that are not waited for."""
    stopped_ms: float | None = None

    def act(self, scene: Scene) -> Iterable[Action]:
        audible_ms = scene.audible_at_ms(self.over_ms)
        if audible_ms is None:
            if scene.now_ms >= self.over_ms + TURN_PATIENCE_MS:
                yield HangUp()
        elif self.stopped_ms is not None:
            if not scene.open_responses() or scene.now_ms >= self.stopped_ms + DONE_MS:
                yield HangUp()
        elif scene.now_ms >= max(audible_ms, scene.sound_end_ms) + LISTEN_MS:
            self.stopped_ms = scene.now_ms
            yield Send("interrupt")


@dataclass(slots=True)
class TalkOver:
    """Have a story told, and make a sound over it."""

    barge_in: BargeIn
    asked: bool = False

    def act(self, scene: Scene) -> Iterable[Action]:
        if not self.asked:
            self.asked = True
            yield Send("user.text", (("text", STORY),))
        yield from self.barge_in.act(scene)
        over_ms = scene.sound_end_ms + TAIL_MS if self.barge_in.done else STORY_PATIENCE_MS
        if scene.now_ms >= over_ms:
            yield HangUp()
