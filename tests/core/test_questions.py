"""Only the latest question of a kind has an answer that counts."""

from __future__ import annotations

from voice_server.core import commands
from voice_server.core.events import Transcribed
from voice_server.core.questions import Questions, has_words, is_for
from voice_server.core.user_turn import Turn

TURN = Turn(1, 1_000, 700, 200)


def asking() -> tuple[Questions, list[commands.Command]]:
    said: list[commands.Command] = []
    return Questions(said.append), said


def test_a_second_partial_is_not_asked_for_while_one_is_on_its_way() -> None:
    questions, said = asking()
    questions.ask_partial(TURN, 1_200)
    questions.ask_partial(TURN, 1_400)
    assert said == [commands.Transcribe(1, 700, 1_200, final=False)]


def test_the_early_question_stands_for_a_partial_and_becomes_the_final_one() -> None:
    questions, said = asking()
    questions.ask_early(TURN, 1_500)
    questions.ask_partial(TURN, 1_600)
    questions.ask_final(TURN, 1_700)
    assert said == [commands.Transcribe(1, 700, 1_500, final=True)]
    assert is_for(questions.final, 1)
    assert questions.early is None


def test_a_partial_that_was_on_its_way_when_the_voice_faded_counts_until_the_early_one_comes() -> None:
    questions, said = asking()
    for _ in range(2):
        questions.ask_partial(TURN, 1_200)
        questions.ask_early(TURN, 1_500)
    assert questions.answered(1) == said[0]
    assert questions.answered(2) is None  # the voice faded once more
    assert questions.answered(3) == said[2]


def test_an_early_hypothesis_makes_the_one_before_it_stale() -> None:
    questions, said = asking()
    questions.ask_partial(TURN, 1_200)
    questions.ask_early(TURN, 1_500)
    assert questions.answered(2) == said[1]
    assert questions.answered(1) is None


def test_without_an_early_question_the_final_one_is_asked_and_partials_are_wanted_no_more() -> None:
    questions, said = asking()
    questions.ask_partial(TURN, 1_200)
    questions.ask_final(TURN, 1_700)
    assert said[-1] == commands.Transcribe(2, 700, 1_700, final=True)
    assert not is_for(questions.partial, 1)


def test_every_question_has_its_own_id_and_can_be_forgotten() -> None:
    questions, said = asking()
    questions.ask_score(TURN, 1_800)
    questions.ask_score(TURN, 1_900)
    questions.ask_final(TURN, 1_900)
    assert said[:2] == [commands.ScoreTurn(1, 700, 1_800), commands.ScoreTurn(2, 700, 1_900)]
    assert questions.score == 2
    assert is_for(questions.final, 3)
    questions.forget()
    assert not is_for(questions.final, 3)


def test_whispers_rule_for_silence_needs_both_signs() -> None:
    heard = [
        has_words(Transcribed(1, "Hello.", logprob, p))
        for logprob, p in ((-1.2, 0.7), (-0.9, 0.7), (-1.2, 0.5))
    ]
    assert heard == [False, True, True]
    assert not has_words(Transcribed(1, " ... ", 0.0, 0.0))
