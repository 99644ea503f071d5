"""Whether the benchmark can tell: each control has to miss the goal that it was made to miss."""

from __future__ import annotations

from collections.abc import Sequence

from voice_server.bench.clips import Clip
from voice_server.bench.controls import Control, control_server
from voice_server.bench.latency import Run, Tell, connector, measure
from voice_server.bench.scripted_server import scripted_server
from voice_server.bench.trials import Suite, Trial, planned

SHORT = (
    "speech/cmd_go_forward",
    "speech/cmd_lights_off",
    "speech/order_01",
    "noise/cough_1",
    "noise/sneeze_1",
    "backchannel/okay_1",
)
"""Short and clean: controls only hear how loud it is."""
TRIALS = 3
SUITES = (Suite.TURNS, Suite.INTERRUPTIONS, Suite.NOISE)


def short_plan(clips: Sequence[Clip]) -> list[Trial]:
    """Nine trials, about half a minute."""
    return planned([clip for clip in clips if clip.name in SHORT], SUITES, TRIALS)


async def run_control(control: Control, trials: Sequence[Trial], tell: Tell) -> Run:
    """Measure a control over real sockets."""
    async with scripted_server(control_server(control)) as url:
        run = Run([])
        await measure(connector(url), trials, run, None, tell)
        return run


def looks_bad(control: Control, run: Run) -> bool:
    """Whether the run says what is wrong with this control."""
    return run.number(control.misses).met is False
