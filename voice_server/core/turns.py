"""Who has the floor: a literal table.

OPEN         nobody speaks and nothing is owed
USER         the user speaks
ENDPOINTING  the user fell silent; it is not decided whether the turn is over
THINKING     the turn is over; no audio of the answer has been released yet
AGENT        the answer sounds
CONTESTED    the user made a sound over the answer, which is held; not decided yet whose floor it is
"""

from __future__ import annotations

from enum import Enum

from voice_server.errors import CoreError


class Floor(Enum):
    """Who may speak."""

    OPEN = "open"
    USER = "user"
    ENDPOINTING = "endpointing"
    THINKING = "thinking"
    AGENT = "agent"
    CONTESTED = "contested"


class Cue(Enum):
    """What moves the floor."""

    ONSET = "onset"  # speech began
    SILENCE = "silence"  # speech stopped
    DROPPED = "dropped"  # there were no words in it
    COMMITTED = "committed"  # the turn is over, an answer is owed
    AUDIBLE = "audible"  # the answer's audio began, or went on
    DONE = "done"  # the answer ended
    CONFIRMED = "confirmed"  # the contested floor is the user's
    TAKEN_BACK = "taken back"  # the contested floor is the answer's again


TRANSITIONS: dict[Floor, dict[Cue, Floor]] = {
    Floor.OPEN: {
        Cue.ONSET: Floor.USER,
        Cue.COMMITTED: Floor.THINKING,  # a typed turn, a greeting
    },
    Floor.USER: {
        Cue.SILENCE: Floor.ENDPOINTING,
        Cue.DROPPED: Floor.OPEN,
    },
    Floor.ENDPOINTING: {
        Cue.ONSET: Floor.USER,
        Cue.COMMITTED: Floor.THINKING,
        Cue.DROPPED: Floor.OPEN,
    },
    Floor.THINKING: {
        Cue.ONSET: Floor.CONTESTED,
        Cue.AUDIBLE: Floor.AGENT,
        Cue.DONE: Floor.OPEN,
    },
    Floor.AGENT: {
        Cue.ONSET: Floor.CONTESTED,
        Cue.DONE: Floor.OPEN,
    },
    Floor.CONTESTED: {
        Cue.CONFIRMED: Floor.USER,
        Cue.TAKEN_BACK: Floor.THINKING,  # and AUDIBLE follows where something had sounded
    },
}


def next_floor(floor: Floor, cue: Cue) -> Floor:
    """Where `cue` leads from `floor`. Raises CoreError where the table has no entry."""
    try:
        return TRANSITIONS[floor][cue]
    except KeyError:
        raise CoreError(f"the cue '{cue.value}' means nothing while the floor is {floor.value}") from None


class FloorState:
    """The floor as it is now; only the table moves it."""

    def __init__(self) -> None:
        self.now = Floor.OPEN

    def cue(self, cue: Cue) -> None:
        """Move by the table. Raises CoreError, and changes nothing, where it has no entry."""
        self.now = next_floor(self.now, cue)
