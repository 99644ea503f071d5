"""Conversations worth keeping: each is a cassette beside this file, and each went wrong once or could.

`python -m tests.replay.stories` records them anew, after a change of decisions that is meant.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.core.situations import ANSWER, MANUAL, QUESTION, ask, hear, in_floor, new_world
from tests.core.world import World
from tests.replay import tool_stories
from voice_server.core import commands, events
from voice_server.core.conversation import Message
from voice_server.core.policy import Policy, TurnConfig
from voice_server.core.requests import AnswerWanted, Wish
from voice_server.core.session import Session
from voice_server.core.trace import Record, TracedSession
from voice_server.core.turns import Floor

CASSETTES = Path(__file__).parent

PROMISE = "Sorry, something went wrong and I have no answer. Please ask me again."


@dataclass(frozen=True, slots=True)
class Story:
    """What happens, what the user asked in the end as the model saw it, and what came of each answer."""

    tell: Callable[[], World]
    asked: tuple[str, ...]
    """The user's last message of every prompt whose answer began, in order."""
    answers: tuple[tuple[str, str], ...]
    """Status and heard words of every answer."""


def asked(world: World) -> tuple[str, ...]:
    """What the answers that began were answers to."""
    prompts = {order.response: order.messages[-1].content for order in world.every(commands.Generate)}
    began = [fact.response for fact in world.every(commands.ResponseBegan)]
    return tuple(prompts[response] for response in began if response in prompts)


def answers(world: World) -> tuple[tuple[str, str], ...]:
    """What came of them."""
    return tuple((fact.status, fact.heard) for fact in world.every(commands.ResponseEnded))


def speak(world: World, *hypotheses: str) -> None:
    """The user speaks, and the transcriber renews its hypothesis every quarter of a second."""
    world.start_speaking()
    for hypothesis in hypotheses:
        world.wait(250)
        world.transcribe(hypothesis)


def fall_silent(world: World, words: str, opinion: float = 0.95) -> None:
    """The user falls silent; these were all the words."""
    world.stop_speaking()
    world.wait(40)
    world.score_turn(opinion)
    world.transcribe(words)


def play_out(world: World) -> None:
    """Nothing more happens until everything has sounded."""
    world.answer_everything("")
    world.wait(15_000)


def heard_out(world: World, answer: str = ANSWER) -> World:
    """The model gives this answer, and it sounds to its end."""
    hear(world, answer)
    play_out(world)
    return world


# ── the stories ──


def plain_turn() -> World:
    """A question, an answer."""
    world = new_world()
    speak(world, "What", "What time", "What time is", QUESTION)
    fall_silent(world, QUESTION)
    world.wait(1_000)
    return heard_out(world)


def pause_inside_a_turn() -> World:
    """The draft that was begun in the pause is thrown away, and nobody hears of it."""
    world = new_world()
    speak(world, "I would", "I would like to")
    fall_silent(world, "I would like to", opinion=0.1)
    world.generate("Yes? ")
    world.synthesize()
    world.wait(300)
    speak(world, "I would like to know", "I would like to know what time it is")
    fall_silent(world, "I would like to know what time it is.")
    world.wait(2_500)
    return heard_out(world)


def first_word_alone() -> World:
    """A word without a full stop is no more of a turn than one with it, be the detector ever so sure."""
    world = new_world()
    speak(world, "Charlie")
    fall_silent(world, "Charlie", opinion=0.99)
    world.wait(300)
    speak(world, "Turn off all of")
    fall_silent(world, "Turn off all of the lights.")
    world.wait(1_000)
    return heard_out(world)


def barge_in() -> World:
    """The answer ends with the words that had been heard, and what is said instead is answered."""
    world = in_floor(Floor.AGENT)
    world.wait(600)
    speak(world, "what", "what about tomorrow")
    fall_silent(world, "What about tomorrow?")
    world.wait(1_500)
    return heard_out(world, "Tomorrow it is nine.")


def cough() -> World:
    """A sound without words: the answer goes on from the word that was cut."""
    world = in_floor(Floor.AGENT)
    world.wait(600)
    world.start_speaking()
    world.wait(220)
    fall_silent(world, "")
    play_out(world)
    return world


def backchannel() -> World:
    """The user is listening, and says so."""
    return said_over_an_answer("mm-hmm", "Mm-hmm.")


def yeah_heard_as_hey() -> World:
    """A small transcriber writes "Hey" for a "yeah": nothing comes after it, so the answer goes on."""
    return said_over_an_answer("Hey", "Hey")


def said_over_an_answer(partial: str, final: str) -> World:
    """Heard like this, and it goes on nevertheless."""
    world = in_floor(Floor.AGENT)
    world.wait(600)
    speak(world, partial)
    fall_silent(world, final)
    play_out(world)
    return world


def sneeze_heard_as_words() -> World:
    """The transcriber doubts them itself, and the next time hears none that matter: the answer goes on."""
    world = in_floor(Floor.AGENT)
    world.wait(600)
    speak(world, "B-B-B")
    world.wait(60)
    world.transcribe("BAKES YOU!", logprob=-1.4)
    world.wait(60)
    fall_silent(world, "Thank you!")
    play_out(world)
    return world


def push_to_talk() -> World:
    """The button says when the turn is over, whatever the pauses in it."""
    world = in_floor(Floor.USER, MANUAL)
    world.start_speaking()
    world.live(400, "what")
    world.stop_speaking()
    world.wait(3_000)
    world.tell(events.TurnCommitted(world.heard_ms))
    world.transcribe(QUESTION)
    return heard_out(world)


def typed_while_speaking() -> World:
    """Both are answered together."""
    world = in_floor(Floor.USER)
    world.tell(events.UserTyped("In Lisbon."))
    world.wait(300)
    fall_silent(world, QUESTION)
    world.wait(1_500)
    return heard_out(world)


def ended_too_early() -> World:
    """The turn was taken for over, and the user goes on before a word of the answer: one question."""
    world = new_world()
    ask(world, "I would like to know.")
    world.generate("What would you ")
    speak(world, "", "what time it is")
    fall_silent(world, "What time it is.")
    world.wait(2_500)
    return heard_out(world)


def words_after_a_long_noise() -> World:
    """The noise is taken back; words that come in it later take the floor after all."""
    world = in_floor(Floor.AGENT)
    world.start_speaking()
    world.live(1_200, "")
    world.wait(300)
    world.transcribe("and what about tomorrow")
    fall_silent(world, "And what about tomorrow?")
    world.wait(1_500)
    return heard_out(world, "Tomorrow it is nine.")


def answer_aside_while_speaking() -> World:
    """The client wants something classified while the user speaks: the user is answered after that."""
    world = in_floor(Floor.USER)
    aside = Wish(messages=(Message("user", "Is it a question?"),), speech=False, remembered=False)
    world.tell(AnswerWanted("r1", aside))
    fall_silent(world, QUESTION)
    world.wait(1_500)
    hear(world, "Yes.")
    world.wait(100)
    return heard_out(world)


def model_stalls() -> World:
    """The user hears an apology, not silence."""
    world = in_floor(Floor.THINKING)
    world.generate("Well")
    world.wait(Policy().generation_stall_ms)
    while world.clauses:
        world.synthesize()
    play_out(world)
    return world


def transcription_fails() -> World:
    """The user hears an apology, not silence."""
    world = in_floor(Floor.USER)
    world.fail_transcription()
    world.wait(400)
    world.stop_speaking()
    world.fail_transcription()
    while world.clauses:
        world.synthesize()
    play_out(world)
    return world


def noise_that_never_ends() -> World:
    """The VAD hears speech for ever: the turn is over when no new words come, and the next is heard too."""
    world = new_world()
    world.start_speaking()
    for words, answer in ((QUESTION, "Ten."), ("And tomorrow?", "Nine.")):
        world.transcribe_until(lambda: world.floor() is Floor.USER, words)
        world.transcribe_until(lambda: world.floor() is not Floor.USER, words)
        world.transcribe(words)
        hear(world, answer)
        world.live(3_000, "")
    play_out(world)
    return world


def broken_off_by_nothing() -> World:
    """A noise that was taken for words broke the answer off before it was heard: it is given again."""
    world = new_world()
    ask(world)
    speak(world, "what", "what the")
    fall_silent(world, "")
    return heard_out(world)


def split_and_silent() -> World:
    """A turn as long as one can be, and then no more words: what was said is answered."""
    world = new_world(policy=Policy(turn_limit_ms=4_000))
    world.start_speaking()
    text = "tell"
    for word in "me the story of the fox and the sour grapes please".split():
        world.wait(350)
        world.transcribe(text := f"{text} {word}")
    world.wait(350)
    fall_silent(world, "")
    world.wait(500)
    return heard_out(world)


def noise_over_what_may_not_be_cut() -> World:
    """It is as long as a turn can be and has no words: it ends once, not again with the silence."""
    world = new_world(TurnConfig(barge_in=False, hears_over=True), Policy(turn_limit_ms=3_000))
    ask(world)
    hear(world, f"{LONG} {LONG}")
    world.wait(300)
    world.start_speaking()
    world.wait(3_200)
    world.stop_speaking()
    play_out(world)
    return world


def slow_transcriber() -> World:
    """The words of a barge-in come when the answer has been taken up again, and even ended."""
    world = in_floor(Floor.AGENT)
    world.start_speaking()
    world.wait(900)
    world.stop_speaking()
    world.wait(4_400)
    world.transcribe("What about tomorrow?")
    world.wait(500)
    return heard_out(world, "Tomorrow it is nine.")


def voice_that_stalls() -> World:
    """The synthesizer gives no more sound: the answer ends with what there was."""
    world = in_floor(Floor.THINKING)
    world.generate("It is ten. It is late, too.")
    world.end_generation()
    world.synthesize()
    world.wait(60_000)
    return world


def lost_while_answering() -> World:
    """The answer goes on at the word that the client last reported, however late the loss was noticed."""
    world = new_world()
    ask(world)
    hear(world, LONG)
    for played_ms in (0, 200, 400, 600):
        world.wait(200)
        world.tell(events.PlaybackReported(1, played_ms))
    world.wait(20_000)
    world.disconnect(1, 10**9)
    world.end_sound()
    world.wait(60_000)
    world.reconnect()
    play_out(world)
    return world


def lost_while_asking() -> World:
    """What had arrived of the question is answered when the client is back."""
    world = new_world()
    speak(world, "What", "What time", "What time is")
    world.disconnect()
    world.wait(40)
    world.end_sound()
    world.transcribe("What time is it")
    hear(world)
    world.wait(60_000)
    assert not world.every(commands.Play)
    world.reconnect()
    play_out(world)
    return world


def lost_while_contested() -> World:
    """The sound over the answer was a cough, as its end shows: the answer goes on when the client is back."""
    world = in_floor(Floor.AGENT)
    world.wait(600)
    world.start_speaking()
    world.wait(100)
    world.disconnect(1, 20_000)
    world.end_sound()
    world.transcribe("")
    world.wait(10_000)
    world.reconnect(1, 600)
    play_out(world)
    return world


IT_IS_TEN = "It is ten. It is late, too."
LONG = "It is ten. It is late, too. And it is dark, so have a light with you."

STORIES: dict[str, Story] = {
    "plain_turn": Story(plain_turn, (QUESTION,), (("completed", IT_IS_TEN),)),
    "pause_inside_a_turn": Story(
        pause_inside_a_turn, ("I would like to know what time it is.",), (("completed", IT_IS_TEN),)
    ),
    "first_word_alone": Story(
        first_word_alone, ("Turn off all of the lights.",), (("completed", IT_IS_TEN),)
    ),
    "barge_in": Story(
        barge_in,
        (QUESTION, "What about tomorrow?"),
        (("interrupted", "It is"), ("completed", "Tomorrow it is nine.")),
    ),
    "cough": Story(cough, (QUESTION,), (("completed", IT_IS_TEN),)),
    "backchannel": Story(backchannel, (QUESTION,), (("completed", IT_IS_TEN),)),
    "yeah_heard_as_hey": Story(yeah_heard_as_hey, (QUESTION,), (("completed", IT_IS_TEN),)),
    "sneeze_heard_as_words": Story(sneeze_heard_as_words, (QUESTION,), (("completed", IT_IS_TEN),)),
    "push_to_talk": Story(push_to_talk, (QUESTION,), (("completed", IT_IS_TEN),)),
    "typed_while_speaking": Story(
        typed_while_speaking, (f"In Lisbon. {QUESTION}",), (("completed", IT_IS_TEN),)
    ),
    "ended_too_early": Story(
        ended_too_early,
        ("I would like to know.", "I would like to know. What time it is."),
        (("interrupted", ""), ("completed", IT_IS_TEN)),
    ),
    "words_after_a_long_noise": Story(
        words_after_a_long_noise,
        (QUESTION, "And what about tomorrow?"),
        (("interrupted", "It is ten. It"), ("completed", "Tomorrow it is nine.")),
    ),
    "answer_aside_while_speaking": Story(
        answer_aside_while_speaking,
        ("Is it a question?", QUESTION),
        (("completed", "Yes."), ("completed", IT_IS_TEN)),
    ),
    "model_stalls": Story(model_stalls, (QUESTION,), (("failed", f"Well {PROMISE}"),)),
    "transcription_fails": Story(transcription_fails, (), (("completed", PROMISE),)),
    "noise_that_never_ends": Story(
        noise_that_never_ends, (QUESTION, "And tomorrow?"), (("completed", "Ten."), ("completed", "Nine."))
    ),
    "broken_off_by_nothing": Story(
        broken_off_by_nothing, (QUESTION, QUESTION), (("interrupted", ""), ("completed", IT_IS_TEN))
    ),
    "split_and_silent": Story(
        split_and_silent,
        ("tell me the story of the fox and the sour grapes please",),
        (("completed", IT_IS_TEN),),
    ),
    "tool_chain": Story(
        tool_stories.tool_chain,
        (QUESTION, "ten o'clock"),
        (("completed", "Let me look."), ("completed", "It is ten.")),
    ),
    "result_while_speaking": Story(
        tool_stories.result_while_speaking,
        (QUESTION, "And what time is it?", "weather has answered: sunny"),
        (("completed", ""), ("interrupted", "It is ten o'clock."), ("completed", "It is sunny, too.")),
    ),
    "call_cancelled_by_the_user": Story(
        tool_stories.call_cancelled_by_the_user,
        (QUESTION, "Never mind, what day is it?"),
        (("interrupted", "I am"), ("completed", "It is Monday.")),
    ),
    "slow_tool": Story(
        tool_stories.slow_tool,
        (QUESTION, "error: no result came in time"),
        (("completed", ""), ("completed", "One moment, please."), ("completed", "I have found nothing.")),
    ),
    "wrong_arguments": Story(
        tool_stories.wrong_arguments,
        (QUESTION, "error: the arguments are not JSON"),
        (("completed", ""), ("failed", PROMISE)),
    ),
    "news_before_the_answer": Story(
        tool_stories.news_before_the_answer,
        (QUESTION, "The train is late."),
        (("interrupted", ""), ("completed", "It is ten, and your train is late.")),
    ),
    "noise_over_what_may_not_be_cut": Story(
        noise_over_what_may_not_be_cut, (QUESTION,), (("completed", f"{LONG} {LONG}"),)
    ),
    "slow_transcriber": Story(
        slow_transcriber,
        (QUESTION, "What about tomorrow?"),
        (("completed", IT_IS_TEN), ("completed", "Tomorrow it is nine.")),
    ),
    "lost_while_answering": Story(lost_while_answering, (QUESTION,), (("completed", LONG),)),
    "lost_while_asking": Story(lost_while_asking, ("What time is it",), (("completed", IT_IS_TEN),)),
    "lost_while_contested": Story(lost_while_contested, (QUESTION,), (("completed", IT_IS_TEN),)),
    "voice_that_stalls": Story(voice_that_stalls, (QUESTION,), (("failed", "It is ten."),)),
}


# ── cassettes ──


def cassette(name: str) -> Path:
    """Where the story is kept."""
    return CASSETTES / f"{name}.jsonl"


def recorded(world: World) -> list[Record]:
    """What the world's session was told and decided, as a trace."""
    records: list[Record] = []
    traced = TracedSession(Session(world.first_config, world.policy), records.append)
    for event, now_ms in world.told:
        if event:
            traced.receive(event, now_ms)
        else:
            traced.expire(now_ms)
    return records


def load(path: Path) -> Iterator[Record]:
    """The records of a cassette."""
    return map(json.loads, path.read_text(encoding="utf-8").splitlines())


def main() -> None:
    """Record every story anew."""
    for name, story in STORIES.items():
        lines = [json.dumps(record, ensure_ascii=False) for record in recorded(story.tell())]
        cassette(name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"{name}: {len(lines)} records")


if __name__ == "__main__":
    main()
