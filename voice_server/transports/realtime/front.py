"""What every Realtime connection to this server needs, whatever carries it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from voice_server.audio.rates import INPUT_HZ
from voice_server.core.policy import SessionConfig
from voice_server.protocol.realtime.codec import Codec
from voice_server.protocol.realtime.dialogue import House
from voice_server.protocol.realtime.session_settings import PCM_HZ, Settings, configured, merged
from voice_server.runtime.sessions import Sessions
from voice_server.transports.keys import knows
from voice_server.transports.realtime.client_secrets import ClientSecrets
from voice_server.transports.realtime.sideband import Lines


@dataclass(frozen=True, slots=True)
class Front:
    """One for the process."""

    sessions: Sessions
    keys: tuple[str, ...]
    secrets: ClientSecrets
    lines: Lines
    model: str
    """The name that a session has whose client names none."""
    heartbeat_ms: int

    def settings(self) -> Settings:
        """A session's, before its client says anything."""
        config = self.sessions.default_config
        voices = self.sessions.voices
        voice = config.voice or (voices[0] if voices else "default")
        return Settings(self.model, config.instructions, voice)

    def base(self) -> SessionConfig:
        """The core's, at the rates that the codec has."""
        return replace(self.sessions.default_config, input_rate_hz=INPUT_HZ, output_rate_hz=PCM_HZ)

    def codec(self, settings: Settings, *, in_band: bool) -> tuple[Codec, SessionConfig]:
        """A new connection's, and how its session is to begin."""
        house = House(self.base(), self.sessions.voices, in_band)
        config = configured(settings, house.base, house.voices)
        return Codec(secrets.token_hex(6), settings, house), config

    def admitted(self, given: list[str]) -> Settings | None:
        """The settings that a caller who shows these keys begins with; None for one who may not come in."""
        settings = self.settings()
        for value in given:
            if secret := self.secrets.find(value):
                return merged(settings, secret.session)
        return settings if knows(self.keys, given) else None
