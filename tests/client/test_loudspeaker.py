from __future__ import annotations

import numpy as np

from voice_server.client.loudspeaker import Loudspeaker
from voice_server.client.wire import AudioFrame

RATE_HZ = 1000  # a sample is a millisecond


def frame(response: int, position: int, count: int, value: int = 7, *, last: bool = False) -> AudioFrame:
    return AudioFrame(response, position, np.full(count, value, np.int16), last)


def test_starts_with_the_first_frame_and_queues_the_rest() -> None:
    speaker = Loudspeaker(RATE_HZ)
    speaker.receive(frame(1, 0, 20), 100)
    speaker.receive(frame(1, 20, 20), 101)
    assert [(s.start, s.end, s.position) for s in speaker.segments] == [(100, 120, 0), (120, 140, 20)]
    assert speaker.free_at() == 140
    assert speaker.underrun_samples == 0


def test_is_silent_where_audio_came_too_late() -> None:
    speaker = Loudspeaker(RATE_HZ)
    speaker.receive(frame(1, 0, 20), 100)
    speaker.receive(frame(1, 20, 20), 135)
    assert speaker.segments[1].start == 135
    assert speaker.underrun_samples == 15
    assert speaker.played_ms(1, 130) == 20
    assert speaker.sounding(130) is None


def test_silence_between_two_responses_is_no_underrun() -> None:
    speaker = Loudspeaker(RATE_HZ)
    speaker.receive(frame(1, 0, 20, last=True), 100)
    speaker.receive(frame(2, 0, 20), 500)
    assert speaker.underrun_samples == 0


def test_a_stop_drops_what_has_not_sounded() -> None:
    speaker = Loudspeaker(RATE_HZ)
    for index in range(5):
        speaker.receive(frame(1, index * 20, 20), 100)
    speaker.stop(1, 147)
    assert speaker.free_at() == 147
    assert speaker.played_ms(1, 147) == 47
    assert speaker.played_ms(1, 9_000) == 47
    assert speaker.sounding(147) is None


def test_audio_of_a_stopped_response_is_never_played() -> None:
    speaker = Loudspeaker(RATE_HZ)
    speaker.receive(frame(1, 0, 20), 100)
    speaker.stop(1, 110)
    speaker.receive(frame(1, 20, 20), 115)
    assert speaker.free_at() == 110
    assert speaker.dropped_frames == 1


def test_goes_on_at_the_position_after_a_resume() -> None:
    speaker = Loudspeaker(RATE_HZ)
    speaker.receive(frame(1, 0, 100), 0)
    speaker.stop(1, 47)
    speaker.resume(1)
    speaker.receive(frame(1, 30, 20), 400)
    assert speaker.played_ms(1, 300) == 47
    assert speaker.played_ms(1, 410) == 40
    assert speaker.played_ms(1, 999) == 50
    assert speaker.underrun_samples == 0


def test_a_stop_leaves_other_responses_alone() -> None:
    speaker = Loudspeaker(RATE_HZ)
    speaker.receive(frame(1, 0, 100), 0)
    speaker.receive(frame(2, 0, 20, 9), 10)
    speaker.stop(1, 40)
    assert [(s.response, s.start, s.end) for s in speaker.segments] == [(1, 0, 40), (2, 40, 60)]


def test_a_stop_of_a_response_that_sounded_long_ago_changes_nothing() -> None:
    speaker = Loudspeaker(RATE_HZ)
    speaker.receive(frame(1, 0, 20), 0)
    speaker.stop(1, 500)
    assert [(s.start, s.end) for s in speaker.segments] == [(0, 20)]


def test_the_timeline_is_what_sounded_sample_by_sample() -> None:
    speaker = Loudspeaker(RATE_HZ)
    speaker.receive(AudioFrame(1, 0, np.arange(1, 11, dtype=np.int16)), 5)
    speaker.stop(1, 9)
    speaker.resume(1)
    speaker.receive(AudioFrame(1, 2, np.arange(3, 11, dtype=np.int16)), 12)
    assert speaker.render(16).tolist() == [0] * 5 + [1, 2, 3, 4] + [0] * 3 + [3, 4, 5, 6]


def test_the_last_frame_may_be_empty() -> None:
    speaker = Loudspeaker(RATE_HZ)
    speaker.receive(frame(1, 0, 20), 0)
    speaker.receive(frame(1, 20, 0, last=True), 1)
    speaker.receive(frame(2, 0, 20), 300)
    assert len(speaker.segments) == 2
    assert speaker.underrun_samples == 0


def test_a_part_of_the_timeline_can_be_had_and_the_past_be_forgotten() -> None:
    speaker = Loudspeaker(RATE_HZ)
    speaker.receive(AudioFrame(1, 0, np.arange(1, 11, dtype=np.int16)), 5)
    speaker.receive(AudioFrame(1, 10, np.arange(11, 21, dtype=np.int16)), 5)
    assert speaker.render(17, 12).tolist() == [8, 9, 10, 11, 12]
    speaker.forget(40)
    assert speaker.render(30, 12).tolist() == [0, 0, 0, *range(11, 21), 0, 0, 0, 0, 0]
    assert speaker.played_ms(1, 40) == 20


def test_what_is_sent_again_after_a_lost_connection_sounds_once() -> None:
    speaker = Loudspeaker(RATE_HZ)
    speaker.receive(AudioFrame(1, 0, np.arange(1, 41, dtype=np.int16)), 0)
    for position in (10, 30, 50):
        sent = np.arange(position + 1, position + 21, dtype=np.int16)
        speaker.receive(AudioFrame(1, position, sent), 25)
    assert speaker.render(70).tolist() == list(range(1, 71))
    assert speaker.underrun_samples == 0


def test_the_playhead_is_where_the_last_response_that_sounded_is() -> None:
    speaker = Loudspeaker(RATE_HZ)
    assert speaker.playhead(0) is None
    speaker.receive(frame(1, 0, 20), 0)
    speaker.receive(frame(2, 0, 20), 0)
    assert [speaker.playhead(now) for now in (10, 25, 500)] == [(1, 10), (2, 5), (2, 20)]
