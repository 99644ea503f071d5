"""What is Piper's own: the sound, its pauses, its loudness, and that each word sounds when it is said to."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from voice_server.adapters.stt_whisper import WhisperTranscriber
from voice_server.adapters.tts_piper import PiperSynthesizer
from voice_server.audio.pcm import Pcm, to_float
from voice_server.audio.rates import INPUT_HZ, ms_to_samples, samples_to_ms
from voice_server.audio.resampling import resample
from voice_server.audio.trim import audible_span
from voice_server.errors import ModelError, ModelFileError
from voice_server.ports import SpeechChunk, Workers

VOICE = Path("piper-en_US-joe-medium") / "en_US-joe-medium.onnx"
SENTENCES = [
    "The capital of the country is a very old city.",
    "I would like to have a cup of coffee with some milk.",
    "There are forty two people in the garden this morning.",
    "Please turn off the lights in the kitchen and close the door.",
]


@pytest.fixture(scope="module")
def piper(models_dir: Path, workers: Workers) -> PiperSynthesizer:
    return PiperSynthesizer(models_dir / VOICE, workers)


@pytest.fixture(scope="module")
def whisper(models_dir: Path, workers: Workers) -> WhisperTranscriber:
    return WhisperTranscriber(models_dir / "whisper-tiny.en", workers)


async def spoken(piper: PiperSynthesizer, text: str) -> list[SpeechChunk]:
    return [chunk async for chunk in piper.synthesize(text, deadline_ms=0, voice=None)]


async def sentence(piper: PiperSynthesizer, text: str) -> SpeechChunk:
    """All its chunks as one."""
    samples, words = np.zeros(0, np.int16), []
    for chunk in await spoken(piper, text):
        words += [word.shifted(len(samples)) for word in chunk.words]
        samples = np.concatenate([samples, chunk.samples])
    return SpeechChunk(samples, tuple(words))


async def heard(whisper: WhisperTranscriber, samples: Pcm, rate_hz: int) -> list[str]:
    """The words that Whisper hears, without marks and capitals."""
    sound = resample(samples, rate_hz, INPUT_HZ)
    hypothesis = await whisper.transcribe(sound, deadline_ms=0, language="en", final=True)
    return plain(hypothesis.text)


def plain(text: str) -> list[str]:
    letters = "".join(c if c.isalnum() else " " for c in text.lower())
    return letters.replace("42", "forty two").split()


def loudness_db(samples: Pcm) -> float:
    sounding: NDArray[np.float32] = to_float(samples)
    sounding = sounding[np.abs(sounding) > 0.01]
    return float(20 * np.log10(np.sqrt(np.mean(sounding**2))))


@pytest.mark.models
@pytest.mark.parametrize("text", SENTENCES)
async def test_what_is_said_is_what_is_heard(
    piper: PiperSynthesizer, whisper: WhisperTranscriber, text: str
) -> None:
    chunk = await sentence(piper, text)
    wrong = set(plain(text)) ^ set(await heard(whisper, chunk.samples, piper.sample_rate_hz))
    assert len(wrong) <= 2, wrong


@pytest.mark.models
@pytest.mark.parametrize("text", SENTENCES)
async def test_cut_after_a_word_just_the_words_up_to_there_are_heard(
    piper: PiperSynthesizer, whisper: WhisperTranscriber, text: str
) -> None:
    chunk = await sentence(piper, text)
    for count in (4, 7):
        cut = chunk.samples[: chunk.words[count - 1].end_sample]
        words = await heard(whisper, cut, piper.sample_rate_hz)
        assert abs(len(words) - count) <= 1, (words, text.split()[:count])
        misheard = [pair for pair in zip(words, plain(text)[: count - 1], strict=False) if pair[0] != pair[1]]
        assert len(misheard) <= 1, misheard


@pytest.mark.models
async def test_a_word_lasts_as_long_as_its_sound(piper: PiperSynthesizer) -> None:
    (hello, there, you, numbers) = (await sentence(piper, "Hello, there, you 1234567.")).words
    lengths_ms = [samples_to_ms(w.end_sample - w.start_sample, 22_050) for w in (hello, there, you, numbers)]
    assert all(80 < length < 900 for length in lengths_ms[:3]), lengths_ms
    assert lengths_ms[3] > 1_500, "one million two hundred thirty four thousand five hundred sixty seven"
    assert there.start_sample - hello.end_sample > ms_to_samples(40, 22_050), "the pause is in no word"


@pytest.mark.models
@pytest.mark.parametrize(
    ("text", "longest_ms"), [("Well, I think so,", 120), ("I think so.", 250), ("I think so", 60)]
)
async def test_the_silence_around_a_clause_is_short(
    piper: PiperSynthesizer, text: str, longest_ms: int
) -> None:
    chunk = await sentence(piper, text)
    first, last = audible_span(chunk.samples)
    assert samples_to_ms(first, 22_050) <= 10
    assert samples_to_ms(len(chunk.samples) - last, 22_050) <= longest_ms


@pytest.mark.models
async def test_clauses_are_about_equally_loud(piper: PiperSynthesizer) -> None:
    texts = ["Sure.", "Stop!", "The weather is nice today.", "Mm-hm."]
    levels = [loudness_db((await sentence(piper, text)).samples) for text in texts]
    assert max(levels) - min(levels) < 6, levels


@pytest.mark.models
async def test_no_chunk_goes_over_the_end_of_a_sentence(piper: PiperSynthesizer) -> None:
    chunks = await spoken(piper, "One moment. Here it is! Is it right?")
    texts = [" ".join(word.text for word in chunk.words) for chunk in chunks]
    assert " ".join(texts) == "One moment. Here it is! Is it right?"
    assert not [text for text in texts if any(mark in text[:-1] for mark in ".!?")]


@pytest.mark.models
async def test_an_abbreviation_ends_no_sentence(piper: PiperSynthesizer) -> None:
    chunk = await sentence(piper, "Ask Dr. Smith and Mrs. Jones.")
    doctor, smith = chunk.words[1:3]
    assert smith.start_sample - doctor.end_sample < ms_to_samples(100, 22_050), "there is no pause"


@pytest.mark.models
async def test_a_long_sentence_begins_before_it_is_made(piper: PiperSynthesizer) -> None:
    text = "Here is a recipe for a double shot latte with a lot of sugar and whole milk."
    first, *rest = await spoken(piper, text)
    assert 200 <= samples_to_ms(len(first.samples), 22_050) <= 900
    assert len(rest) >= 2
    assert all(chunk.words and chunk.words[-1].end_sample <= len(chunk.samples) for chunk in (first, *rest))


@pytest.fixture
def another_voice(models_dir: Path, tmp_path: Path) -> Path:
    """The same voice under another name and with two speakers, which its graph does not have."""
    config = json.loads((models_dir / f"{VOICE}.json").read_text(encoding="utf-8"))
    config |= {"num_speakers": 2, "speaker_id_map": {"ann": 0, "bob": 1}}
    (tmp_path / "pair.onnx").symlink_to(models_dir / VOICE)
    (tmp_path / "pair.onnx.json").write_text(json.dumps(config), encoding="utf-8")
    return tmp_path / "pair.onnx"


@pytest.mark.models
async def test_speakers_are_voices_and_a_failure_of_the_graph_is_told(
    another_voice: Path, workers: Workers
) -> None:
    piper = PiperSynthesizer(another_voice, workers, threads=1)
    assert piper.voices == ("pair", "ann", "bob")
    with pytest.raises(ModelError, match=r"pair\.onnx: .*sid"):
        await anext(piper.synthesize("Hello.", deadline_ms=0, voice="bob"))


@pytest.fixture
def voice_without_durations(models_dir: Path, tmp_path: Path) -> Path:
    """The same voice, with a second operation of the kind by which the durations are found in a graph."""
    model = onnx.load(str(models_dir / VOICE))
    model.graph.node.append(onnx.helper.make_node("Ceil", ["scales"], ["decoy"]))
    onnx.save(model, str(tmp_path / "mute.onnx"))
    (tmp_path / "mute.onnx.json").symlink_to(models_dir / f"{VOICE}.json")
    return tmp_path / "mute.onnx"


@pytest.mark.models
async def test_without_durations_words_share_the_sound_by_their_phonemes(
    voice_without_durations: Path, workers: Workers
) -> None:
    piper = PiperSynthesizer(voice_without_durations, workers, threads=1)
    chunk = await sentence(piper, "A responsibility, yes.")
    lengths = [word.end_sample - word.start_sample for word in chunk.words]
    assert lengths[1] > 2 * lengths[2] > 2 * lengths[0] > 0


def test_a_voice_that_is_missing_is_named(workers: Workers) -> None:
    with pytest.raises(ModelFileError, match=r"no model file nowhere\.onnx\.json: run `voice-server"):
        PiperSynthesizer(Path("nowhere.onnx"), workers)


def test_a_configuration_that_is_none_is_named(workers: Workers, tmp_path: Path) -> None:
    (tmp_path / "voice.onnx.json").write_text('{"audio": {}}', encoding="utf-8")
    with pytest.raises(ModelFileError, match=r"voice\.onnx\.json is no configuration of a Piper voice"):
        PiperSynthesizer(tmp_path / "voice.onnx", workers)


@pytest.mark.models
def test_a_graph_that_is_none_is_named(models_dir: Path, workers: Workers, tmp_path: Path) -> None:
    (tmp_path / "voice.onnx.json").symlink_to(models_dir / f"{VOICE}.json")
    with pytest.raises(ModelFileError, match=r"no model file .*voice\.onnx:"):
        PiperSynthesizer(tmp_path / "voice.onnx", workers)
    (tmp_path / "voice.onnx").write_text("Shall I compare thee to a summer's day?", encoding="utf-8")
    with pytest.raises(ModelFileError, match=r"voice\.onnx cannot be loaded"):
        PiperSynthesizer(tmp_path / "voice.onnx", workers)
