"""What is llama.cpp's own: its cache, its threads, its context."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from pathlib import Path

import pytest

from tests.adapters.llama_slots import Slot, busy_slot, slots, slots_at_rest
from voice_server.adapters.llm_llama import FIRST_PIECES, LlamaLanguageModel
from voice_server.core.conversation import Message
from voice_server.core.tools import ToolCall, ToolSpec
from voice_server.errors import ModelError, ModelFileError, OverloadedError
from voice_server.ports import GenerateOptions
from voice_server.runtime.inference import ThreadWorkers

LONG = GenerateOptions(max_tokens=200)
HISTORY = (
    Message("system", "You tell long and detailed stories, with many people in them, and do not stop early."),
    Message("user", "Please tell me a long story about a dog who went to sea."),
    Message("assistant", "Once upon a time there was a dog, and his name was Barnaby, and he loved the sea."),
    Message("user", "And then? Please tell me more about the dog, and"),
)

TEMPLATE = Path(__file__).with_name("calling_template.jinja").read_text(encoding="utf-8")
LAMPS = tuple(
    ToolSpec(
        f"switch_{room}",
        f"Switches the lamp in the {room}.\nExample: Turn on the lamp in the {room}. -> {{}}",
        '{"type": "object", "properties": {}}',
    )
    for room in ("kitchen", "bathroom", "hall", "attic", "cellar", "garden")
)


def asking(more: str) -> tuple[Message, ...]:
    return (*HISTORY[:-1], Message("user", f"{HISTORY[-1].content} {more}"))


async def first_piece_at(model: LlamaLanguageModel, messages: Sequence[Message]) -> Slot:
    """How things stand when the first piece has come. The answer is then closed."""
    async with aclosing(model.generate(messages, LONG)) as pieces:
        await anext(pieces)
        looking = asyncio.create_task(busy_slot(model))
        while not looking.done():
            await anext(pieces)  # or it would pause
        return looking.result()


async def idle_slots(model: LlamaLanguageModel) -> list[Slot]:
    return [slot for slot in await slots(model) if not slot["is_processing"]]


def known(slot: Slot) -> float:
    """The share of the prompt that was not computed again."""
    return float(slot["n_prompt_tokens_cache"] / slot["n_prompt_tokens"])


@pytest.mark.models
async def test_an_answer_that_is_closed_is_not_computed_further(llama: LlamaLanguageModel) -> None:
    busy = await first_piece_at(llama, HISTORY)
    (slot,) = [slot for slot in await slots_at_rest(llama) if slot["id"] == busy["id"]]
    assert slot["n_prompt_tokens"] < busy["n_prompt_tokens"] + 50


@pytest.mark.models
@pytest.mark.parametrize("taken", [1, 2, 9])
async def test_an_answer_pauses_while_nobody_takes_it_and_goes_on_as_if_nothing_had_been(
    llama: LlamaLanguageModel, taken: int
) -> None:
    sure = GenerateOptions(temperature=0, max_tokens=24)
    whole = "".join([str(piece) async for piece in llama.generate(HISTORY, sure)])
    async with aclosing(llama.generate(HISTORY, sure)) as pieces:
        parts = [str(await anext(pieces)) for _ in range(taken)]
        await slots_at_rest(llama)
        parts += [str(piece) async for piece in pieces]
    assert "".join(parts) == whole


@pytest.fixture
def cores() -> Iterator[ThreadWorkers]:
    workers = ThreadWorkers(1)
    yield workers
    workers.close()


@pytest.fixture
def sharing(llama_file: Path, cores: ThreadWorkers) -> Iterator[LlamaLanguageModel]:
    """A model that knows what else the cores are wanted for."""
    model = LlamaLanguageModel(llama_file, cores=cores)
    yield model
    model.close()


@asynccontextmanager
async def crowded(cores: ThreadWorkers) -> AsyncGenerator[None, None]:
    left = threading.Event()
    crowd = asyncio.create_task(cores.run(left.wait, deadline_ms=0, model="test", alone=True))
    await asyncio.sleep(0)
    yield
    left.set()
    await crowd


@asynccontextmanager
async def claimed(cores: ThreadWorkers) -> AsyncGenerator[None, None]:
    cores.claim("another answer", 0)
    yield
    cores.release("another answer")


@pytest.mark.models
@pytest.mark.parametrize("needed", [crowded, claimed])
async def test_an_answer_pauses_while_others_need_the_cores(
    sharing: LlamaLanguageModel,
    cores: ThreadWorkers,
    needed: Callable[[ThreadWorkers], AbstractAsyncContextManager[None]],
) -> None:
    sure = GenerateOptions(temperature=0, max_tokens=24)
    for _ in range(2):  # what the cache held before changes the last digits
        whole = "".join(await _all(sharing.generate(HISTORY, sure)))
    async with aclosing(sharing.generate(HISTORY, sure)) as pieces:
        parts = [str(await anext(pieces))]
        async with needed(cores):
            rest = asyncio.create_task(_all(pieces))
            await slots_at_rest(sharing)
            assert not rest.done()
        parts += await rest
    assert "".join(parts) == whole


@pytest.mark.models
async def test_the_first_words_of_an_answer_claim_the_cores_and_the_others_do_not(
    sharing: LlamaLanguageModel, cores: ThreadWorkers
) -> None:
    urgent = GenerateOptions(max_tokens=100, deadline_ms=100)
    async with aclosing(sharing.generate(HISTORY, urgent)) as pieces, claimed(cores):
        await anext(pieces)
        assert len(cores.claims) == 2, "its own, and the other that it does not wait for"
        for _ in range(1, FIRST_PIECES):
            await anext(pieces)
        await slots_at_rest(sharing)
        assert set(cores.claims) == {"another answer"}


@pytest.mark.models
async def test_words_that_nobody_takes_claim_nothing(
    sharing: LlamaLanguageModel, cores: ThreadWorkers
) -> None:
    async with aclosing(sharing.generate(HISTORY, GenerateOptions(deadline_ms=100))) as pieces:
        await anext(pieces)
        await slots_at_rest(sharing)
        assert not cores.claimed


class HeldUp(ThreadWorkers):
    """Holds up the model's thread where it asks whether it is crowded."""

    go_on = threading.Event()

    @property
    def crowded(self) -> bool:
        if threading.current_thread().name.startswith("llama"):
            self.go_on.wait(10)
        return super().crowded


@pytest.mark.models
async def test_an_answer_that_is_closed_while_it_waits_for_a_thread_claims_nothing(llama_file: Path) -> None:
    cores = HeldUp(1)
    model = LlamaLanguageModel(llama_file, parallel=1, context_tokens=512, cores=cores)
    try:
        async with aclosing(model.generate(HISTORY, LONG)) as pieces:
            await anext(pieces)
            waiting = asyncio.create_task(_all(model.generate(HISTORY[:1], GenerateOptions(deadline_ms=100))))
            await asyncio.sleep(0)
            assert cores.claimed
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert not cores.claimed
            cores.go_on.set()
    finally:
        cores.go_on.set()
        model.close()
        cores.close()


@pytest.mark.models
async def test_what_may_be_thrown_away_is_not_begun_beside_other_work(
    sharing: LlamaLanguageModel, cores: ThreadWorkers
) -> None:
    async with crowded(cores):
        with pytest.raises(OverloadedError, match="at work for others"):
            await _all(sharing.generate(HISTORY, GenerateOptions(early=True)))
        await sharing.prime(asking("the captain."))
        assert not [slot for slot in await slots(sharing) if slot.get("n_prompt_tokens")]


async def _all(pieces: AsyncGenerator[str | ToolCall, None]) -> list[str]:
    return [str(piece) async for piece in pieces]


@pytest.mark.models
async def test_a_primed_prompt_is_known_when_it_comes(llama: LlamaLanguageModel) -> None:
    await llama.prime(HISTORY)
    assert known(await first_piece_at(llama, asking("the captain."))) > 0.8


@pytest.mark.models
@pytest.mark.parametrize("template", [None, TEMPLATE], ids=["by_routing", "by_template"])
async def test_tools_are_read_before_they_are_needed(llama_file: Path, template: str | None) -> None:
    model = LlamaLanguageModel(llama_file, parallel=2, context_tokens=1_024, chat_template=template)
    try:
        await model.prime(HISTORY, LAMPS)
        primed = await tokens_read(model)
        await _drained(model.generate(HISTORY, GenerateOptions(max_tokens=5, tools=LAMPS)))
        assert primed <= await tokens_read(model) < primed + 20
    finally:
        model.close()


async def tokens_read(model: LlamaLanguageModel) -> int:
    """So many are in the caches of all slots."""
    return sum(slot.get("n_prompt_tokens", 0) for slot in await slots_at_rest(model))


@pytest.mark.models
async def test_the_next_turn_finds_its_history_in_the_cache(llama: LlamaLanguageModel) -> None:
    await first_piece_at(llama, HISTORY)
    heard = (*HISTORY, Message("assistant", "He met a"), Message("user", "Who was it?"))
    await slots_at_rest(llama)
    assert known(await first_piece_at(llama, heard)) > 0.7


@pytest.mark.models
async def test_an_answer_waits_for_what_still_holds_its_history(llama_file: Path) -> None:
    model = LlamaLanguageModel(llama_file, parallel=2, context_tokens=512)
    try:
        priming = asyncio.create_task(model.prime(HISTORY))
        await asyncio.sleep(0)
        assert known(await first_piece_at(model, asking("the captain."))) > 0.8
        await priming
        assert known(await first_piece_at(model, asking("the cook."))) > 0.8
    finally:
        model.close()


@pytest.mark.models
async def test_priming_takes_no_place_from_answers(llama: LlamaLanguageModel) -> None:
    async with aclosing(llama.generate(HISTORY, LONG)) as pieces:
        await anext(pieces)
        priming = asyncio.create_task(_idle_before_and_after_priming(llama))
        while not priming.done():
            await anext(pieces)  # or it would pause
        before, after = priming.result()
        assert after == before


async def _idle_before_and_after_priming(model: LlamaLanguageModel) -> tuple[list[Slot], list[Slot]]:
    before = await idle_slots(model)
    await model.prime((Message("user", f"What is the time? {before}"),))
    return before, await idle_slots(model)


@pytest.mark.models
async def test_a_prompt_that_is_estimated_too_short_is_cut_again(llama: LlamaLanguageModel) -> None:
    dense = (*HISTORY[:3], Message("user", "日本語" * 400))
    assert [piece async for piece in llama.generate(dense, GenerateOptions(max_tokens=3))]
    assert all(slot["n_ctx"] == 512 for slot in await slots(llama))


@pytest.fixture
def short_lived(llama_file: Path) -> Iterator[LlamaLanguageModel]:
    model = LlamaLanguageModel(llama_file, parallel=1, context_tokens=512)
    yield model
    model.close()


@pytest.mark.models
async def test_closing_the_model_ends_answers_and_threads(short_lived: LlamaLanguageModel) -> None:
    before = set(threading.enumerate())
    running = short_lived.generate(HISTORY, LONG)
    await anext(running)
    waiting = asyncio.create_task(anext(short_lived.generate(asking("the cook."), LONG)))
    await asyncio.sleep(0)
    await asyncio.to_thread(short_lived.close)
    for ended in (_drained(running), waiting):
        with pytest.raises(ModelError, match="was shut down"):
            await ended
    with pytest.raises(ModelError, match="was shut down"):
        await anext(short_lived.generate(HISTORY, LONG))
    await short_lived.prime(HISTORY)
    assert not [t for t in threading.enumerate() if t not in before and t.name.startswith("llama")]


async def _drained(pieces: AsyncGenerator[str | ToolCall, None]) -> None:
    async for _ in pieces:
        pass


@pytest.mark.models
def test_a_process_that_forgets_to_close_ends_all_the_same(llama_file: Path) -> None:
    script = """
import asyncio, sys
from pathlib import Path
from voice_server.adapters.llm_llama import FIRST_PIECES, LlamaLanguageModel
from voice_server.core.conversation import Message
from voice_server.core.tools import ToolCall
from voice_server.ports import GenerateOptions
from voice_server.runtime.inference import ThreadWorkers

async def main():
    model = LlamaLanguageModel(Path(sys.argv[1]), context_tokens=512)
    print(await anext(model.generate((Message("user", "Tell me a story."),), GenerateOptions())))

asyncio.run(main())
"""
    command = [sys.executable, "-c", script, str(llama_file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


def test_a_file_that_is_missing_is_named() -> None:
    with pytest.raises(ModelFileError, match=r"no model file nowhere\.gguf: run `voice-server models fetch`"):
        LlamaLanguageModel(Path("nowhere.gguf"))


@pytest.mark.models
def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "poem.gguf").write_text("Shall I compare thee to a summer's day?")
    with pytest.raises(ModelFileError, match=r"poem\.gguf cannot be loaded"):
        LlamaLanguageModel(tmp_path / "poem.gguf")


@pytest.mark.models
def test_a_proxy_that_is_set_is_not_asked_about_our_own_model(
    llama_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    model = LlamaLanguageModel(llama_file, parallel=1, context_tokens=512)
    model.close()
    assert not model.knows_tools
