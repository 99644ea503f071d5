"""Tools from several places."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.tools.running import result
from voice_server.errors import ToolError
from voice_server.tools import tool
from voice_server.tools.functions import FunctionTools
from voice_server.tools.several import SeveralTools


@tool
def one() -> str:
    """One."""
    return "the first"


@tool(timeout_ms=100)
def two() -> str:
    """Two."""
    return "the second"


@tool(name="one")
def other() -> str:
    """Also one."""
    return "another"


async def test_each_is_run_by_who_has_it_and_the_first_of_a_name_wins() -> None:
    tools = SeveralTools([FunctionTools([one]), FunctionTools([other, two])], 5_000)
    assert tools.specs == (replace(one.spec, timeout_ms=5_000), two.spec)
    assert await result(tools, "one") == "the first"
    assert await result(tools, "two") == "the second"
    with pytest.raises(ToolError, match="there is no tool 'three'"):
        await result(tools, "three")


async def test_none_at_all() -> None:
    assert SeveralTools([], 5_000).specs == ()
