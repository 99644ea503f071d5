"""How sessions are run, and what a client that comes back says."""

from __future__ import annotations

from dataclasses import dataclass, field

from voice_server.core.policy import Policy
from voice_server.runtime.hearing import HearingPolicy


@dataclass(frozen=True, slots=True)
class RuntimeOptions:
    """How sessions are run; the same for all of a process."""

    lead_ms: int = 300
    heartbeat_ms: int = 10_000
    stall_limit_ms: int = 10_000
    """A client that reads nothing for this long is given up."""
    ahead_limit_ms: int = 1_800_000
    """A client whose sound and messages come faster than this ahead of their time is given up."""
    resume_window_ms: int = 0
    """So long a session waits for its client to come back. 0: it ends with its connection."""
    max_session_ms: int | None = None
    """A session ends when it is so old. None: never for that reason."""
    policy: Policy = field(default_factory=Policy)
    hearing: HearingPolicy = field(default_factory=HearingPolicy)


@dataclass(frozen=True, slots=True)
class Returning:
    """What a client that comes back says, and the token that it is given."""

    last_seq: int
    token: str
    response: int | None = None
    played_ms: int | None = None
    """How much of `response` its loudspeaker has played."""
