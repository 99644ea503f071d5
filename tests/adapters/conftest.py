"""The language model file, loaded once for the tests of the adapters that need it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.adapters.llama_slots import slots_at_rest
from voice_server.adapters.llm_llama import LlamaLanguageModel


@pytest.fixture(scope="session")
def llama_file(models_dir: Path) -> Path:
    (path,) = models_dir.glob("smollm2-135m-instruct/*.gguf")
    return path


@pytest.fixture(scope="session")
def loaded_llama(llama_file: Path) -> Iterator[LlamaLanguageModel]:
    model = LlamaLanguageModel(llama_file, parallel=2, context_tokens=512)
    yield model
    model.close()


@pytest_asyncio.fixture
async def llama(loaded_llama: LlamaLanguageModel) -> LlamaLanguageModel:
    """Two answers at once, of 512 tokens each with their prompts. At rest when the test begins."""
    await slots_at_rest(loaded_llama)
    return loaded_llama
