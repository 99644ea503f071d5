"""The generated regions of `protocol.md`."""

from __future__ import annotations

from collections.abc import Mapping

from voice_server.audio.rates import MAX_INPUT_CHUNK_MS, SUPPORTED_INPUT_HZ, SUPPORTED_OUTPUT_HZ
from voice_server.protocol.codec import CLIENT_MESSAGES, SERVER_MESSAGES
from voice_server.protocol.codes import CLOSE_MEANINGS, ERROR_MEANINGS
from voice_server.protocol.limits import MAX_MESSAGE_BYTES
from voice_server.protocol.schema import Outline
from voice_server.protocol.wire import Wire
from voice_server.reference.described import described
from voice_server.reference.fields import rows
from voice_server.reference.markdown import code, table

FIELD_HEADS = ("field", "what", "presence", "meaning")


def protocol_regions() -> Mapping[str, str]:
    """By name of the region."""
    client, server = described(CLIENT_MESSAGES, Wire), described(SERVER_MESSAGES, Wire)
    return {
        "client-messages": _messages(client),
        "server-messages": _messages(server),
        "config": _config(client),
        "sizes": _sizes(),
        "error-codes": table(("code", "meaning"), ((code(c), m) for c, m in ERROR_MEANINGS.items())),
        "close-codes": table(("code", "meaning"), ((str(int(c)), m) for c, m in CLOSE_MEANINGS.items())),
    }


def _messages(outline: Outline) -> str:
    return "\n\n".join(_message(outline, tag) for tag in outline.tags)


def _message(outline: Outline, tag: str) -> str:
    schema = outline.message(tag)
    fields = list(rows(outline, schema))
    about = f"### `{tag}`\n\n{schema['description']}"
    return f"{about}\n\n{table(FIELD_HEADS, fields)}" if fields else about


def _config(outline: Outline) -> str:
    config = outline.at(outline.message("session.update"), ["config"])
    return table(FIELD_HEADS, rows(outline, config))


def _sizes() -> str:
    def listed(rates_hz: tuple[int, ...]) -> str:
        return ", ".join(str(rate) for rate in rates_hz)

    return table(
        ("what", "limit"),
        [
            ("a text frame from a client", f"{MAX_MESSAGE_BYTES} bytes of UTF-8"),
            ("a binary frame from a client", f"{MAX_INPUT_CHUNK_MS} ms of audio"),
            ("input rates", f"{listed(SUPPORTED_INPUT_HZ)} Hz"),
            ("output rates", f"{listed(SUPPORTED_OUTPUT_HZ)} Hz"),
        ],
    )
