"""Sound that has come in, and time that has passed."""

from __future__ import annotations

from voice_server.core.input_clock import InputClock


def test_it_goes_on_with_the_session_clock_from_where_it_was_set() -> None:
    clock = InputClock()
    clock.set(heard_ms=5_000, now_ms=7_000)
    assert [clock.at(now_ms) for now_ms in (7_000, 7_250, 1_000)] == [5_000, 5_250, 0]
    assert clock.session_ms(5_250) == 7_250


def test_setting_again_corrects_it() -> None:
    clock = InputClock()
    clock.set(5_000, 7_000)
    clock.set(5_900, 8_000)
    assert clock.at(8_000) == 5_900
