"""How much one event may hold."""

from __future__ import annotations

import base64
import json
from contextlib import suppress

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed

from tests.transports.house import open_house
from tests.transports.listening import until
from tests.transports.realtime.visitor import visit
from voice_server.audio.pcm import to_bytes
from voice_server.transports.realtime.endpoint import MAX_EVENT_BYTES

FIFTEEN_MIB = 15 * 2**20
MANUAL = {"input": {"turn_detection": None, "transcription": {"model": "whisper-1"}}}


def append(size: int) -> str:
    """An event with so many bytes of base64 in it: sound that is loud from its beginning to its end."""
    audio = base64.b64encode(to_bytes(np.full(size * 3 // 8, 8_000, np.int16))).decode()
    return json.dumps({"type": "input_audio_buffer.append", "audio": audio})


async def test_fifteen_mebibytes_are_one_event() -> None:
    async with open_house() as house, visit(house) as visitor:
        await visitor.next("session.created")
        await visitor.update(audio=MANUAL)
        await visitor.connection.send(append(FIFTEEN_MIB))
        await visitor.send("input_audio_buffer.commit")
        await visitor.next("input_audio_buffer.committed")
        words = await visitor.next("conversation.item.input_audio_transcription.completed")
        assert words["transcript"] == "Hello."
        assert "error" not in visitor.kinds()


@pytest.mark.parametrize("binary", [False, True])
async def test_more_is_too_large(binary: bool) -> None:
    async with open_house() as house, visit(house) as other:
        await other.next("session.created")
        async with visit(house) as visitor:
            await visitor.next("session.created")
            with suppress(ConnectionClosed):  # the server does not read it to its end
                await visitor.connection.send(
                    bytes(MAX_EVENT_BYTES + 2) if binary else append(MAX_EVENT_BYTES)
                )
            assert await visitor.close_code() == 1009
        await until(lambda: len(house.sessions) == 1)
        assert (await other.update(instructions="Be brief."))["instructions"] == "Be brief."
