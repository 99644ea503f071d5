"""Text frames that are no messages, and messages that say why the server does not want us."""

from __future__ import annotations

import json

from voice_server.client.log import Message
from voice_server.errors import LinkError


def decoded(raw: str) -> Message:
    """One message of the server. Raises LinkError when it is none."""
    try:
        message = json.loads(raw)
    except json.JSONDecodeError as error:
        raise LinkError(f"the server sent a text frame that is no JSON: {raw[:80]!r}") from error
    if not isinstance(message, dict):
        raise LinkError(f"the server sent JSON that is no object: {raw[:80]!r}")
    return message


def refused(error: Message | None, cause: LinkError | None) -> LinkError:
    """The server's own words, with what the close code says."""
    said = error or {}
    place = f" ({said['field']})" if said.get("field") else ""
    retry_after_ms = said.get("retry_after_ms")
    wait = f"; try again in {retry_after_ms / 1000:.0f} s" if retry_after_ms is not None else ""
    return LinkError(
        f"the server says {said.get('code')}: {said.get('message')}{place}{wait}",
        close_code=cause.close_code if cause else None,
        retry_after_ms=retry_after_ms,
    )
