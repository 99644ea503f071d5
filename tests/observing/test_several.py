"""Several observers: each is told, and one that fails does not end the conversation."""

from __future__ import annotations

import logging

import pytest

from tests.observing.captured import converse
from tests.runtime.stage import Stage, Tracer
from voice_server.core.trace import Decision
from voice_server.observers import Now, Observer, SessionObserver
from voice_server.observing.several import Several
from voice_server.ports import Opened


class Failing(Observer, SessionObserver):
    """Fails at the third decision."""

    def __init__(self) -> None:
        self.decisions = 0

    def opened(self, opened: Opened, now: Now) -> SessionObserver:
        return self

    def decided(self, decision: Decision) -> None:
        self.decisions += 1
        if self.decisions == 3:
            raise RuntimeError("a bug of an observer")


async def test_one_that_fails_is_left_out_and_the_conversation_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage, failing, tracer = Stage(), Failing(), Tracer()
    stage.tracer = Several([failing, tracer])  # type: ignore[assignment]
    with caplog.at_level(logging.ERROR):
        response = await converse(stage)
    assert stage.done(response).status == "completed"
    assert failing.decisions == 3
    assert len(tracer.records) > 50
    assert [record.getMessage() for record in caplog.records] == ["Failing failed, and looks on no longer"]


def test_a_session_is_captured_if_one_of_them_does() -> None:
    class Capturing(Observer):
        def captures(self, asked: bool) -> bool:
            return asked

    several = Several([Observer(), Capturing()])
    assert several.captures(True)
    assert not several.captures(False)
