"""A client without ears: what a session would have told it is written out, and kept by those who look on."""

from __future__ import annotations

from voice_server.core.commands import Fact
from voice_server.ports import AudioFrame, Farewell, Notice
from voice_server.runtime.options import RuntimeOptions
from voice_server.transports.native import Terms, told


class PaperLink:
    """Fits `ports.Link`, in the native protocol: reads everything at once."""

    def __init__(self, rate_hz: int, options: RuntimeOptions) -> None:
        self._rate_hz = rate_hz
        self._terms = Terms(options.lead_ms, options.heartbeat_ms, 0, options.policy.idle_limit_ms)

    async def send(self, item: Fact | Notice, seq: int, t_ms: int) -> tuple[str]:
        """The message as it would have left."""
        return (told(item, self._rate_hz, seq, t_ms, self._terms),)

    async def send_audio(self, frame: AudioFrame) -> tuple[()]:
        """Nobody hears it."""
        return ()

    async def close(self, farewell: Farewell) -> None:
        """There is nobody to hang up on."""
