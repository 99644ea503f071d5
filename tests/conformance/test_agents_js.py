"""`@openai/agents-realtime` over WebRTC: libwebrtc in Node, as browsers have it."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.language_server import ANSWER, PLACE, STORY
from tests.conformance.target import Target

HERE = Path(__file__).parent / "webrtc_node"
WAV = Path(__file__).parents[1] / "audio" / "speech" / "q_brooklyn_bridge.wav"
NODE = shutil.which("node")
PATIENCE_S = 120.0

pytestmark = pytest.mark.skipif(
    NODE is None or not (HERE / "node_modules").is_dir(), reason="needs Node.js and `make conformance`"
)


async def call(target: Target, scenario: str) -> dict[str, Any]:
    """One call: what came of it."""
    assert NODE
    process = await asyncio.create_subprocess_exec(
        NODE,
        str(HERE / "call.mjs"),
        f"{target.base_url}/realtime/calls",
        scenario,
        str(WAV),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    result: dict[str, Any] = json.loads(out.decode().splitlines()[-1])
    assert result["failure"] is None, result
    return result


def words(response: dict[str, Any]) -> str:
    """What was said in a response."""
    return str(response["output"][0]["content"][0]["transcript"]).strip()


async def test_a_text_turn(target: Target) -> None:
    result = await call(target, "text")
    assert result["errors"] == []
    assert (result["response"]["status"], words(result["response"])) == ("completed", ANSWER)
    assert result["loud"] > 50, "of some 200 pieces of 10 ms"
    assert result["call"].startswith("rtc_")


async def test_a_spoken_turn(target: Target) -> None:
    result = await call(target, "spoken")
    assert result["errors"] == []
    assert "brooklyn" in result["transcript"].lower()
    assert words(result["response"]) == ANSWER


async def test_a_barge_in(target: Target) -> None:
    result = await call(target, "barge_in")
    assert result["errors"] == []
    assert "input_audio_buffer.speech_started" in result["types"]
    heard = next(item for item in result["history"] if item.get("role") == "assistant")
    assert STORY.startswith(heard["content"][0]["transcript"].strip())
    assert result["truncated"]["audio_end_ms"] < 10_000


async def test_a_tool_call(target: Target) -> None:
    result = await call(target, "tool")
    assert result["errors"] == []
    assert f"sunny in {PLACE}" in words(result["response"])


async def test_a_cancel(target: Target) -> None:
    result = await call(target, "cancel")
    assert result["errors"] == []
    assert result["response"]["status_details"]["reason"] == "client_cancelled"


async def test_a_malformed_event(target: Target) -> None:
    result = await call(target, "malformed")
    assert len(result["errors"]) == 1, "the SDK shows it to its user"
    assert result["response"]["status"] == "completed"
