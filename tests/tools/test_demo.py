"""The tools to try the server with."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, tzinfo

import pytest

from tests.conftest import RunVirtual
from tests.tools.running import calling, outputs, result
from voice_server.errors import ToolError
from voice_server.ports import ToolOutput
from voice_server.tools.demo import demo_tools
from voice_server.tools.functions import FunctionTools

MOMENT = datetime(2026, 3, 1, 0, 5, tzinfo=UTC)


def now(zone: tzinfo | None) -> datetime:
    return MOMENT.astimezone(zone) if zone else MOMENT


TOOLS = FunctionTools(demo_tools(now))


def test_what_there_is() -> None:
    assert [spec.name for spec in TOOLS.specs] == ["current_time", "set_timer", "calculate"]


async def test_the_time_is_told_here_and_elsewhere() -> None:
    assert await result(TOOLS, "current_time") == "It is 12:05 AM on Sunday, March 1, 2026."
    tokyo = await result(TOOLS, "current_time", time_zone="Asia/Tokyo")
    assert tokyo == "It is 9:05 AM on Sunday, March 1, 2026 in Tokyo."
    york = await result(TOOLS, "current_time", time_zone="america/new_york")
    assert york == "It is 7:05 PM on Saturday, February 28, 2026 in New York."


@pytest.mark.parametrize("zone", ["Atlantis", "", "../etc/passwd", "Asia/"])
async def test_a_zone_that_is_none_is_named(zone: str) -> None:
    with pytest.raises(ToolError, match="there is no time zone"):
        await result(TOOLS, "current_time", time_zone=zone)


async def test_by_default_it_is_the_time_of_the_server() -> None:
    before = datetime.now().astimezone()
    told = await result(FunctionTools(demo_tools()), "current_time")
    read = datetime.strptime(told, "It is %I:%M %p on %A, %B %d, %Y.").astimezone()
    assert abs((read - before).total_seconds()) < 120


@pytest.mark.parametrize(
    ("seconds", "lasting"),
    [
        (1, "1 second"),
        (30, "30 seconds"),
        (120, "2 minutes"),
        (11_401, "3 hours, 10 minutes and 1 second"),
        (86_400, "24 hours"),
    ],
)
def test_a_timer_says_that_it_is_set_and_later_that_it_is_done(
    seconds: int, lasting: str, run_virtual: RunVirtual
) -> None:
    async def set_it() -> None:
        began = asyncio.get_running_loop().time()
        first, last = await outputs(TOOLS, calling("set_timer", seconds=seconds))
        assert first == ToolOutput(f"The timer is set. I will tell you in {lasting}.", final=False)
        assert (last.text, last.final) == (f"The timer is done: {lasting} are over.", True)
        assert asyncio.get_running_loop().time() == pytest.approx(began + seconds)

    run_virtual(set_it())


def test_a_timer_may_take_its_time() -> None:
    limits = {spec.name: spec.timeout_ms for spec in TOOLS.specs}
    assert limits["set_timer"] == (86_400 + 60) * 1000


@pytest.mark.parametrize("seconds", [0, -5, 86_401, "soon"])
async def test_a_timer_of_no_length_or_of_more_than_a_day_is_refused(seconds: object) -> None:
    with pytest.raises(ToolError, match="seconds: "):
        await result(TOOLS, "set_timer", seconds=seconds)


async def test_the_calculator_calculates_or_says_why_not() -> None:
    assert await result(TOOLS, "calculate", expression="17*23") == "The result is 391."
    with pytest.raises(ToolError, match="that cannot be calculated: it divides by zero"):
        await result(TOOLS, "calculate", expression="1/0")
