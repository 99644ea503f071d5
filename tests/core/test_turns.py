"""The floor's table, cell by cell."""

from __future__ import annotations

import pytest

from voice_server.core.turns import TRANSITIONS, Cue, Floor, FloorState, next_floor
from voice_server.errors import CoreError

LEGAL = {
    (Floor.OPEN, Cue.ONSET): Floor.USER,
    (Floor.OPEN, Cue.COMMITTED): Floor.THINKING,
    (Floor.USER, Cue.SILENCE): Floor.ENDPOINTING,
    (Floor.USER, Cue.DROPPED): Floor.OPEN,
    (Floor.ENDPOINTING, Cue.ONSET): Floor.USER,
    (Floor.ENDPOINTING, Cue.COMMITTED): Floor.THINKING,
    (Floor.ENDPOINTING, Cue.DROPPED): Floor.OPEN,
    (Floor.THINKING, Cue.ONSET): Floor.CONTESTED,
    (Floor.THINKING, Cue.AUDIBLE): Floor.AGENT,
    (Floor.THINKING, Cue.DONE): Floor.OPEN,
    (Floor.AGENT, Cue.ONSET): Floor.CONTESTED,
    (Floor.AGENT, Cue.DONE): Floor.OPEN,
    (Floor.CONTESTED, Cue.CONFIRMED): Floor.USER,
    (Floor.CONTESTED, Cue.TAKEN_BACK): Floor.THINKING,
}
CELLS = [(floor, cue) for floor in Floor for cue in Cue]


@pytest.mark.parametrize(("floor", "cue"), CELLS)
def test_every_cell_of_the_table(floor: Floor, cue: Cue) -> None:
    state = FloorState()
    state.now = floor
    if (floor, cue) in LEGAL:
        state.cue(cue)
        assert state.now is LEGAL[floor, cue]
    else:
        with pytest.raises(CoreError, match=f"'{cue.value}' means nothing while the floor is {floor.value}"):
            state.cue(cue)
        assert state.now is floor


def test_the_table_has_no_other_cells() -> None:
    cells = {(floor, cue): to for floor, row in TRANSITIONS.items() for cue, to in row.items()}
    assert cells == LEGAL


@pytest.mark.parametrize("floor", Floor)
def test_no_floor_is_a_dead_end(floor: Floor) -> None:
    reached = {floor}
    for _ in Floor:
        reached |= {next_floor(known, cue) for known in reached for cue in TRANSITIONS[known]}
    assert reached == set(Floor)
