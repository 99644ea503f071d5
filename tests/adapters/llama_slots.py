"""What llama.cpp says of its slots: each holds one conversation in its cache, and computes one answer."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from typing import Any

from voice_server.adapters.llm_llama import LlamaLanguageModel

Slot = dict[str, Any]
MANY = 2_000


async def slots(model: LlamaLanguageModel) -> list[Slot]:
    """`n_prompt_tokens` are all in its cache, `n_prompt_tokens_cache` those that it did not compute again."""
    return await asyncio.to_thread(_read, f"{model.url.removesuffix('/v1')}/slots", model.api_key)


async def busy_slot(model: LlamaLanguageModel) -> Slot:
    """The only one that computes."""
    (busy,) = [slot for slot in await slots(model) if slot["is_processing"]]
    return busy


async def slots_at_rest(model: LlamaLanguageModel) -> list[Slot]:
    """When none of them computes any more. Asks again and again."""
    for _ in range(MANY):
        now = await slots(model)
        if not any(slot["is_processing"] for slot in now):
            return now
    raise AssertionError(f"still computing: {now}")


def _read(url: str, key: str) -> list[Slot]:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        slots: list[Slot] = json.load(answer)
    return slots
