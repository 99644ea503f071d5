"""`bench resume`: the server that speaks is killed, and its client hears the rest from another.

Each cycle is a session of its own, whose greeting is known word by word. When `KILL_AFTER_MS` of it have
sounded, the server that holds the session gets SIGKILL; the client finds its way by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

from voice_server.bench.cluster import Cluster, Member
from voice_server.bench.comebacks import Cycle, found
from voice_server.client.call import Call, Recording
from voice_server.client.script import Action, HangUp, Scene
from voice_server.client.voice_client import VoiceClient
from voice_server.errors import LinkError

GREETING = (
    "Good morning, and welcome to the museum. The old harbour is on the ground floor, and the ships are "
    "upstairs. In the garden there is a small cafe, which closes at five. Please ask me about anything you "
    "would like to see."
)
KILL_AFTER_MS = 1_500
PATIENCE_MS = 60_000

Harm = Callable[[Cluster], Awaitable[Member | None]]
"""What is done to the cluster in mid-sentence. Gives the member that has to be started again."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One cycle."""

    cycle: Cycle
    recording: Recording
    killed: Member | None
    """Which has to be started again. None: no member, or nobody spoke."""


@dataclass(slots=True)
class UntilSaid:
    """Hangs up when the response is done and has sounded to its end."""

    halfway: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when `KILL_AFTER_MS` of it have sounded."""

    def act(self, scene: Scene) -> Iterable[Action]:
        """What to do now."""
        heard = scene.loudspeaker.playhead(scene.heard_samples)
        if heard and heard[1] >= KILL_AFTER_MS:
            self.halfway.set()
        done = bool(scene.log.received("response.done")) and not scene.playing
        if done or scene.now_ms > PATIENCE_MS:
            yield HangUp()


async def kill_holder(cluster: Cluster) -> Member:
    """Kill the member that holds the session. Raises LinkError when there is none."""
    holder = await cluster.holder()
    await holder.kill()
    return holder


async def run_cycle(cluster: Cluster, harm: Harm = kill_holder) -> Trial:
    """One session and one harm. Raises LinkError when no session can be had at all."""
    async with VoiceClient.connect(cluster.url, returning=True) as client:
        script = UntilSaid()
        call = Call(client, script, config={"greeting": GREETING})
        harming = asyncio.ensure_future(_harmed(cluster, script, harm))
        try:
            error = await _held(call)
            killed = await harming if script.halfway.is_set() else None
        finally:
            harming.cancel()
            await asyncio.gather(harming, return_exceptions=True)
        recording = call.recording()
        return Trial(found(recording, GREETING, error), recording, killed)


async def _held(call: Call) -> str | None:
    """Hold it to its end. Returns why it was lost, if it was."""
    try:
        await call.hold()
    except LinkError as lost:
        return str(lost)
    return None


async def _harmed(cluster: Cluster, script: UntilSaid, harm: Harm) -> Member | None:
    await script.halfway.wait()
    return await harm(cluster)
