"""The client's side of a captured session, as a track and a script for our own client."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from voice_server.audio.pcm import from_bytes
from voice_server.audio.rates import samples_to_ms
from voice_server.client.script import Action, HangUp, Scene, Send
from voice_server.client.track import Track
from voice_server.observing.trace_file import Trace
from voice_server.observing.trace_sink import Record
from voice_server.replaying.rerun import ABOUT_OTHERS

SETTLED_MS = 1_500
PATIENCE_MS = 20_000
"""So long after the recorded end answers may still be open."""


def config_of(trace: Trace) -> Record:
    """What to ask the server for: what the session was set to, as the client may say it."""
    config = trace.head["config"]
    named = ("instructions", "language", "voice", "greeting")
    turn = {name: config["turn"][name] for name in ("mode", "responsiveness", "barge_in")}
    audio = {"input_rate": config["input_rate_hz"], "output_rate": config["output_rate_hz"]}
    asked = {name: config[name] for name in named if config.get(name) is not None}
    return {**asked, "turn": turn, "audio": audio}


def track_of(trace: Trace) -> Track:
    """Its sound, from when the first of it came. Raises TraceError where there is none."""
    track = Track(trace.rate_hz("in"))
    track.lay(from_bytes(trace.sound("in")))
    return track


@dataclass(slots=True)
class AsThen:
    """Fits `client.script.Script`: says what the client said, when it did; ends when all is answered."""

    messages: list[tuple[float, Record]] = field(default_factory=list)
    end_ms: float = 0

    def act(self, scene: Scene) -> Iterable[Action]:
        while self.messages and self.messages[0][0] <= scene.now_ms:
            _, message = self.messages.pop(0)
            fields = tuple((name, value) for name, value in message.items() if name != "type")
            yield Send(str(message["type"]), fields)
        if not self.messages and self._over(scene):
            yield HangUp()

    def _over(self, scene: Scene) -> bool:
        if scene.now_ms >= self.end_ms + PATIENCE_MS:
            return True
        quiet_ms = max(self.end_ms, scene.last_ms("response.done") or 0.0) + SETTLED_MS
        return not scene.open_responses() and not scene.playing and scene.now_ms >= quiet_ms


def script_of(trace: Trace) -> AsThen:
    """What the client said beside sound. Times are on the microphone's clock, which begins with the sound."""
    said = [record for record in trace.of("in") if _its_own(record)]
    begin_ms = _first_sound_ms(trace)
    messages = [(max(0.0, record["at"] - begin_ms), record["message"]) for record in said]
    sound_ms = samples_to_ms(len(trace.sound("in")) // 2, trace.rate_hz("in"))
    return AsThen(messages, max([float(sound_ms), *(at for at, _ in messages)]))


def _its_own(record: Record) -> bool:
    kind = record.get("message", {}).get("type")
    return kind is not None and kind not in ABOUT_OTHERS | {"session.end"}


def _first_sound_ms(trace: Trace) -> int:
    """When the microphone began: a frame comes when its last sample has sounded."""
    first = next((record for record in trace.of("in") if "audio" in record), None)
    if first is None:
        return 0
    return int(first["at"]) - samples_to_ms(first["audio"][1] // 2, trace.rate_hz("in"))
