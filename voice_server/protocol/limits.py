"""How large things on the wire may be. Every other module takes its limits from here."""

from __future__ import annotations

MAX_MESSAGE_BYTES = 64 * 1024
"""One text frame from a client, as UTF-8. Longer ones close the connection with 4413."""

MAX_TEXT_CHARS = 8_000
MAX_INSTRUCTIONS_CHARS = 16_000
MAX_GREETING_CHARS = 1_000
MAX_NAME_CHARS = 200
"""Voices, models, call ids."""
MAX_TOOLS = 64
MAX_TOOL_TIMEOUT_MS = 24 * 3_600 * 1_000
MAX_TOKENS = 4_096
"""The most tokens that a client may ask for in one response."""

U32_MAX = 2**32 - 1
"""Ids of turns and responses, positions in samples, times within a response."""
SAFE_INTEGER = 2**53 - 1
"""The largest whole number that every JSON reader keeps exact."""
