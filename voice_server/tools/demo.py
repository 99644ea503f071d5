"""A few tools to try the server with. Their results are whole sentences, that can be spoken as they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime, tzinfo
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field

from voice_server.errors import ToolError
from voice_server.ports import ToolOutput
from voice_server.tools.arithmetic import calculated, spoken
from voice_server.tools.declaring import FunctionTool, tool

DAY_S = 24 * 60 * 60
Seconds = Annotated[int, Field(ge=1, le=DAY_S)]


def demo_tools(now: Callable[[tzinfo | None], datetime] = datetime.now) -> tuple[FunctionTool, ...]:
    """The time, a timer, a calculator. `now`: the time in a zone, or, for None, where the server is."""

    @tool
    def current_time(time_zone: str | None = None) -> str:
        """Tell the time and the date, here or in another time zone.

        Example: What time is it in London? -> {"time_zone":"Europe/London"}
        Example: What's the date today? -> {}
        Example: What time is it? -> {}

        Args:
            time_zone: A name of the IANA database, such as Asia/Tokyo. Leave it out for the local time.
        """
        zone = _zone(time_zone)
        return f"It is {_told(now(zone))}{_there(zone)}."

    return current_time, set_timer, calculate


@tool(timeout_ms=(DAY_S + 60) * 1000)
async def set_timer(seconds: Seconds) -> AsyncIterator[ToolOutput]:
    """Set a timer. It says so when the time is up.

    Example: Set a timer for thirty seconds. -> {"seconds":30}
    Example: Wake me in two minutes. -> {"seconds":120}
    Example: Set a timer for one hour. -> {"seconds":3600}

    Args:
        seconds: How long it runs; a day at most.
    """
    yield ToolOutput(f"The timer is set. I will tell you in {_lasting(seconds)}.", final=False)
    await asyncio.sleep(seconds)
    yield ToolOutput(f"The timer is done: {_lasting(seconds)} are over.")


@tool
def calculate(expression: str) -> str:
    """Work out the value of an arithmetic expression, exactly.

    Example: How much is three times eight? -> {"expression":"3*8"}
    Example: What is 100 divided by 5? -> {"expression":"100/5"}
    Example: What is 17 plus 4? -> {"expression":"17+4"}

    Args:
        expression: As in 3*(4+5), with + - * / ** % and functions such as sqrt.
    """
    try:
        return f"The result is {spoken(calculated(expression))}."
    except ValueError as error:
        raise ToolError(f"that cannot be calculated: {error}") from None


def _zone(name: str | None) -> ZoneInfo | None:
    if name is None:
        return None
    known = {zone.casefold(): zone for zone in available_timezones()}
    if name.casefold() not in known:
        raise ToolError(f"there is no time zone {name!r}: use one of the IANA database, such as Asia/Tokyo")
    return ZoneInfo(known[name.casefold()])


def _there(zone: ZoneInfo | None) -> str:
    return f" in {zone.key.rpartition('/')[2].replace('_', ' ')}" if zone else ""


def _told(moment: datetime) -> str:
    hour, half = moment.hour % 12 or 12, "AM" if moment.hour < 12 else "PM"
    return f"{hour}:{moment:%M} {half} on {moment:%A}, {moment:%B} {moment.day}, {moment.year}"


def _lasting(seconds: int) -> str:
    """As in "1 hour and 30 minutes"."""
    hours, minutes = divmod(seconds // 60, 60)
    parts = [(hours, "hour"), (minutes, "minute"), (seconds % 60, "second")]
    said = [f"{count} {unit}{'s' * (count > 1)}" for count, unit in parts if count]
    return " and ".join([", ".join(said[:-1]), said[-1]] if len(said) > 1 else said)
