"""What is tried: recordings, each in a session of its own, alone or over an answer. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import cycle, islice

from voice_server.bench.clips import Clip


class Suite(StrEnum):
    """What a recording is used for."""

    TURNS = "turns"
    """Speech, and its answer."""
    INTERRUPTIONS = "interruptions"
    """Speech over an answer: it should end the answer."""
    NOISE = "noise"
    """Noises and backchannels over an answer: it should go on."""
    LONG = "long"
    """Long speech with pauses: no answer should begin before its end."""


KINDS = {
    Suite.TURNS: ("speech",),
    Suite.INTERRUPTIONS: ("speech", "backchannel"),
    Suite.NOISE: ("noise", "backchannel"),
    Suite.LONG: ("long",),
}
STOP_WORDS = frozenset({"no", "stop", "wait"})
"""Short as a backchannel, but meant: a recording that says only this is an interruption."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One session."""

    suite: Suite
    clip: Clip
    number: int
    """Counts the trials of its suite from 0."""


def planned(clips: Sequence[Clip], suites: Collection[Suite], trials: int) -> list[Trial]:
    """The trials of these suites. Turns and interruptions repeat their clips until there are `trials`.

    Fewer than there are clips takes them evenly from the whole list.
    """
    plan: list[Trial] = []
    for suite in (suite for suite in Suite if suite in suites):
        fitting = [clip for clip in clips if clip.kind in KINDS[suite] and _belongs(clip, suite)]
        count = trials if suite in (Suite.TURNS, Suite.INTERRUPTIONS) else min(trials, len(fitting))
        plan += [Trial(suite, clip, number) for number, clip in enumerate(_taken(fitting, count))]
    return plan


def _belongs(clip: Clip, suite: Suite) -> bool:
    if clip.kind != "backchannel":
        return True
    is_stop_word = (clip.transcript or "").strip(" .!").lower() in STOP_WORDS
    return is_stop_word == (suite is Suite.INTERRUPTIONS)


def _taken(clips: Sequence[Clip], count: int) -> list[Clip]:
    if not clips:
        return []
    if count >= len(clips):
        return list(islice(cycle(clips), count))
    return [clips[index * len(clips) // count] for index in range(count)]
