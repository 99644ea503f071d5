"""How long to wait before knocking again: exponential with "full jitter".

So clients that were cut off together do not come back together (M. Brooker, "Exponential Backoff And Jitter",
AWS Architecture Blog, 2015). There is a small floor: whatever cut us off needs a moment.
"""

from __future__ import annotations

FIRST_MS = 500
LONGEST_MS = 15_000
FLOOR_MS = 200


def backoff_ms(attempt: int, chance: float) -> int:
    """`attempt` from 0; `chance` from 0 to 1."""
    ceiling_ms = min(LONGEST_MS, FIRST_MS << attempt)
    return round(FLOOR_MS + chance * (ceiling_ms - FLOOR_MS))
