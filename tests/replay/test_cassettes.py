"""Every conversation that went wrong once is decided as it should be, and as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.replay.stories import CASSETTES, STORIES, answers, asked, cassette, load, recorded
from voice_server.core.trace import replay

RECORDED = sorted(CASSETTES.glob("*.jsonl"))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_the_core_decides_as_it_did(path: Path) -> None:
    assert list(replay(load(path))) == []


@pytest.mark.parametrize("name", STORIES)
def test_a_story_ends_as_it_should(name: str) -> None:
    story = STORIES[name]
    world = story.tell()
    assert asked(world) == story.asked
    assert answers(world) == story.answers
    assert world.session.floor.value == "open"
    assert world.session.next_deadline() is None


@pytest.mark.parametrize("name", STORIES)
def test_a_cassette_is_its_story(name: str) -> None:
    again = [json.loads(json.dumps(record)) for record in recorded(STORIES[name].tell())]
    assert list(load(cassette(name))) == again
