"""A mark where the sound begins, breaks off or leaps, and nowhere else."""

from __future__ import annotations

from voice_server.transports.webrtc.downlink import Sent
from voice_server.transports.webrtc.marks import Mark, Marks

FRAME = 960


def whole(response: int, number: int) -> Sent:
    """The response's frame of this number."""
    return Sent(response, (number + 1) * FRAME, number * FRAME)


def marked(first_rtp: int, *packets: Sent | None) -> list[tuple[int, Sent | None]]:
    """The marks of these packets, one every 20 ms: number of the packet, and what is said of it."""
    marks, told = Marks(), []
    for number, sent in enumerate(packets):
        rtp = (first_rtp + number * FRAME) % 2**32
        if mark := marks.packet(rtp, sent):
            assert mark == Mark(rtp, sent)
            told.append((number, sent))
    return told


def test_a_response_has_a_mark_where_it_begins_and_where_it_ends() -> None:
    packets = [None, None, whole(1, 0), whole(1, 1), whole(1, 2), None, None]
    assert marked(5_000, *packets) == [(2, whole(1, 0)), (5, None)]


def test_another_response_has_its_own() -> None:
    assert marked(0, whole(1, 0), whole(2, 0), whole(2, 1)) == [(0, whole(1, 0)), (1, whole(2, 0))]


def test_a_response_that_goes_on_elsewhere_is_marked_anew() -> None:
    assert marked(0, whole(1, 0), None, whole(1, 1), whole(1, 7)) == [
        (0, whole(1, 0)),
        (1, None),
        (2, whole(1, 1)),
        (3, whole(1, 7)),
    ]


def test_a_packet_that_was_not_full_puts_off_what_follows() -> None:
    short = Sent(1, 300, 0)
    follows = Sent(1, 300 + FRAME, 300)
    assert marked(0, short, follows) == [(0, short), (1, follows)]


def test_time_stamps_begin_anew_after_the_last_one() -> None:
    assert marked(2**32 - FRAME, whole(1, 0), whole(1, 1), whole(1, 2)) == [(0, whole(1, 0))]
