"""What happens in the stories with tools and news."""

from __future__ import annotations

from tests.core.rules import Rules
from tests.core.situations import QUESTION, ask, hear
from tests.core.world import RATE_HZ, World
from voice_server.core import events
from voice_server.core.policy import SessionConfig
from voice_server.core.tools import ToolSpec

TOOLS = (
    ToolSpec("weather", "Says how the weather is.", '{"type":"object"}'),
    ToolSpec("search", "Searches.", '{"type":"object"}', on_barge_in="cancel", timeout_ms=5_000),
)
TIME = ToolSpec("time", "Says what time it is.", '{"type":"object"}')
LONG = "It is ten o'clock. The sun is shining. All is well."


def new_world(filler: str | None = None) -> World:
    """A session that has begun, with tools of the client and one of the server."""
    config = SessionConfig(output_rate_hz=RATE_HZ, tools=TOOLS, server_tools=(TIME,), filler=filler)
    world = World(config, watch=Rules().watch)
    world.tell(events.SessionBegan())
    world.wait(1_000)
    return world


def call(world: World, tool: str, before: str = "") -> None:
    """The user asks aloud; the model says something, and calls the tool."""
    ask(world)
    world.generate(before)
    world.propose(tool)
    world.end_generation()
    while world.clauses:
        world.synthesize()


def play_out(world: World, answer: str) -> None:
    """The model answers whatever it is asked with this, and all of it sounds."""
    world.answer_everything("", answer)
    world.wait(20_000)
    world.answer_everything("", answer)
    world.wait(20_000)


def tool_chain() -> World:
    """Transcript, call, result, spoken answer."""
    world = new_world()
    call(world, "time", before="Let me look. ")
    world.wait(2_000)
    world.give("ten o'clock")
    play_out(world, "It is ten.")
    return world


def result_while_speaking() -> World:
    """A result of long ago comes while the assistant speaks of something else."""
    world = new_world()
    call(world, "weather")
    world.wait(5_000)
    ask(world, "And what time is it?")
    hear(world, LONG)
    world.wait(300)
    world.give("sunny")
    world.wait(1_500)
    play_out(world, "It is sunny, too.")
    return world


def call_cancelled_by_the_user() -> World:
    """The search is of no use any more; its result comes all the same."""
    world = new_world()
    call(world, "search", before="I am looking for something about that. ")
    world.wait(700)
    world.start_speaking()
    world.wait(400)
    world.transcribe("never mind what day is it")
    world.stop_speaking()
    world.transcribe("Never mind, what day is it?")
    world.wait(2_500)
    hear(world, "It is Monday.")
    world.tell(events.ToolAnswered("call_1", "found", None))
    world.wait(5_000)
    return world


def slow_tool() -> World:
    """A few words while it runs, once; and the tool never answers."""
    world = new_world(filler="One moment, please.")
    call(world, "search")
    for _ in range(3):
        world.wait(1_200)
        while world.clauses:
            world.synthesize()
    world.wait(2_500)
    play_out(world, "I have found nothing.")
    return world


def wrong_arguments() -> World:
    """The model may mend a call once; then the user hears an apology."""
    world = new_world()
    ask(world)
    for _ in range(2):
        world.propose("weather", "{oops", "the arguments are not JSON")
        world.end_generation()
        world.wait(50)
    play_out(world, "")
    return world


def news_before_the_answer() -> World:
    """The answer has not sounded yet: it begins anew, and knows the news."""
    world = new_world()
    ask(world, QUESTION)
    world.generate("It is")
    world.tell(events.ContextAdded("The train is late."))
    play_out(world, "It is ten, and your train is late.")
    return world
