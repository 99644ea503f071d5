"""The history in the form of OpenAI's chat completions, which llama.cpp takes as well."""

from __future__ import annotations

from collections.abc import Sequence

from voice_server.core.conversation import Message


def chat_messages(messages: Sequence[Message]) -> list[dict[str, str]]:
    """As JSON objects, without the lone surrogates that JSON can bring in and UTF-8 cannot hold."""
    return [{"role": m.role, "content": m.content.encode(errors="replace").decode()} for m in messages]
