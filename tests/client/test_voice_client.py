from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest

from voice_server.client.clock import NS_PER_MS
from voice_server.client.memory_link import MemoryLink, memory_links
from voice_server.client.voice_client import VoiceClient
from voice_server.client.wire import AudioFrame, pack_audio
from voice_server.errors import LinkError

RunVirtual = Callable[[Coroutine[Any, Any, None]], None]

STARTED = {"type": "session.started", "seq": 1, "session": "s", "heartbeat_ms": 4_000, "config": {}}


async def say(link: MemoryLink, **message: object) -> None:
    await link.send(json.dumps(message))


async def heard(link: MemoryLink) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(await link.receive())
    return message


async def started() -> tuple[VoiceClient, MemoryLink]:
    """A client whose session has begun, and the server's end of its link."""
    near, far = memory_links()
    client = VoiceClient(near)
    await far.send(json.dumps(STARTED))
    await client.start({"language": "en"})
    await far.receive()
    return client, far


async def test_starts_with_its_config_and_returns_what_the_server_made_of_it() -> None:
    near, far = memory_links()
    await far.send(json.dumps(STARTED))
    assert (await VoiceClient(near).start({"instructions": "Be brief."}))["session"] == "s"
    assert await heard(far) == {"type": "session.start", "config": {"instructions": "Be brief."}}


async def test_messages_and_audio_come_in_order_and_are_logged() -> None:
    client, far = await started()
    await say(far, type="response.started", seq=2, response=1)
    await far.send(pack_audio(AudioFrame(1, 0, np.ones(441, np.int16))))
    assert (await client.receive()).type == "response.started"
    entry = await client.receive()
    assert entry.frame is not None
    assert entry.message == {"type": "audio", "response": 1, "position": 0, "samples": 441, "flags": 0}
    assert [json.loads(line)["from"] for line in client.log.lines()] == ["client", *["server"] * 3]


async def test_audio_goes_up_without_a_header_and_knows_its_position() -> None:
    client, far = await started()
    await client.send_audio(np.array([1, -1], np.int16))
    await client.send_audio(np.array([2], np.int16))
    assert await far.receive() == b"\x01\x00\xff\xff"
    assert client.log.entries[-1].message == {"type": "audio", "position": 2, "samples": 1}


def test_acks_and_pings_while_it_listens(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        client, far = await started()
        listening = asyncio.ensure_future(client.receive())
        await asyncio.sleep(4.5)
        assert await heard(far) == {"type": "ack", "seq": 1}
        assert (await heard(far))["type"] == "ping"
        await say(far, type="ping", t=5, seq=2)
        await listening
        now_ms = client.clock.now_ns() // NS_PER_MS
        assert await heard(far) == {"type": "pong", "t": 5, "t_ms": now_ms}
        assert now_ms >= 4_500

    run_virtual(scenario())


def test_a_server_that_no_longer_answers_is_given_up(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        client, _far = await started()
        with pytest.raises(LinkError, match="nothing has come from the server for 8 s"):
            await client.receive()

    run_virtual(scenario())


async def test_a_busy_server_says_when_to_come_back() -> None:
    near, far = memory_links()
    await say(far, type="error", code="busy", message="8 of 8 sessions", fatal=True, retry_after_ms=5000)
    await far.close(4429)
    with pytest.raises(LinkError, match="busy: 8 of 8 sessions; try again in 5 s") as refusal:
        await VoiceClient(near).start({})
    assert (refusal.value.close_code, refusal.value.retry_after_ms) == (4429, 5000)


async def test_a_config_that_is_refused_names_the_field() -> None:
    near, far = memory_links()
    await say(far, type="error", code="unknown_field", message="no such field", fatal=False, field="config.x")
    with pytest.raises(LinkError, match=r"no such field \(config\.x\)"):
        await VoiceClient(near).start({"x": 1})


def test_a_server_that_never_starts_the_session_is_given_up(run_virtual: RunVirtual) -> None:
    async def scenario() -> None:
        near, _far = memory_links()
        with pytest.raises(LinkError, match="did not start a session within 15 s"):
            await VoiceClient(near).start({})

    run_virtual(scenario())


async def test_iteration_ends_where_the_session_does() -> None:
    client, far = await started()
    await say(far, type="session.ended", seq=2, reason="client")
    await far.close()
    assert [entry.type async for entry in client] == ["session.ended"]


async def test_iteration_raises_when_the_connection_was_lost() -> None:
    client, far = await started()
    await far.close(4409)
    with pytest.raises(LinkError, match="took the session over"):
        await anext(client)


async def test_ends_politely() -> None:
    client, far = await started()
    await say(far, type="response.done", seq=2, response=1)
    await say(far, type="session.ended", seq=3, reason="client")
    await client.end()
    assert await heard(far) == {"type": "session.end"}
    assert [entry.type for entry in client.log.entries[-2:]] == ["response.done", "session.ended"]
    with pytest.raises(LinkError):
        await far.receive()


@pytest.mark.parametrize("text", ["{", "[1]", "nonsense"])
async def test_text_that_is_no_json_object_ends_it(text: str) -> None:
    client, far = await started()
    await far.send(text)
    with pytest.raises(LinkError, match="JSON"):
        await client.receive()
