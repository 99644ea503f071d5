"""Who speaks, and what was heard: pure, synchronous, without I/O or a clock.

`receive(event, now_ms) -> [Command]`, `next_deadline() -> int | None`, `expire(now_ms) -> [Command]`.
"""
