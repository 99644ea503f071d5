"""What our answers say of Opus."""

from __future__ import annotations

import re

import pytest

from tests.transports.webrtc.phone import Phone
from voice_server.transports.webrtc.ice import IceOptions
from voice_server.transports.webrtc.offers import read_offer
from voice_server.transports.webrtc.peer import Peer

TERMS = re.compile(r"^a=(?:fmtp|rtcp-fb):\S+ .*$", re.MULTILINE)


async def answered(feedback: str) -> str:
    """The answer to an offer with this RTCP feedback for its Opus."""
    peer, caller = Peer("voice.v1", IceOptions(addresses=("127.0.0.1",))), Phone("")
    try:
        offer = await caller.offer()
        opus = "a=rtpmap:96 opus/48000/2\r\n"
        assert opus in offer
        return await peer.answer(read_offer(offer.replace(opus, f"{opus}a=rtcp-fb:96 {feedback}\r\n")))
    finally:
        await caller.leave()
        await peer.close()


@pytest.mark.parametrize(
    ("offered", "taken"), [("nack", ["a=rtcp-fb:96 nack"]), ("transport-cc", []), ("nack pli", [])]
)
async def test_it_asks_for_copies_and_takes_the_nack_that_is_offered(offered: str, taken: list[str]) -> None:
    terms = [line.strip() for line in TERMS.findall(await answered(offered))]
    assert terms == [*taken, "a=fmtp:96 minptime=10;useinbandfec=1"]


async def test_the_rest_of_the_answer_is_as_it_was() -> None:
    answer = await answered("nack")
    assert "a=setup:active" in answer
    assert len(re.findall(r"^a=candidate:", answer, re.MULTILINE)) == 2, "one for each section"
    assert "a=end-of-candidates" in answer
    assert "m=application" in answer
