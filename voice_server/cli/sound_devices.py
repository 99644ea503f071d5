"""The machine's microphone and loudspeaker, through sounddevice: the extra `talk`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from voice_server.audio.pcm import Pcm, from_bytes, to_bytes
from voice_server.audio.rates import FRAME_MS, frame_samples
from voice_server.errors import ConfigurationError

INSTALL = "pip install 'voice-server[talk]'"


def sound_library() -> ModuleType:
    """sounddevice. Raises ConfigurationError, saying what to do, when it or PortAudio is not there."""
    try:
        import sounddevice
    except ImportError:
        raise ConfigurationError(f"talk needs the microphone: {INSTALL}") from None
    except OSError:
        raise ConfigurationError(
            "talk needs the PortAudio library: apt-get install libportaudio2 (Debian, Ubuntu)"
        ) from None
    library: ModuleType = sounddevice
    return library


class DeviceSource:
    """A microphone that blocks a thread while it listens."""

    def __init__(self, stream: Any, rate_hz: int) -> None:
        self._stream = stream
        self._count = frame_samples(rate_hz)

    async def read(self) -> Pcm:
        """20 ms."""
        data, _overflowed = await asyncio.to_thread(self._stream.read, self._count)
        return from_bytes(bytes(data))


class DeviceSink:
    """A loudspeaker that blocks a thread while its buffer is full."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def write(self, samples: Pcm) -> None:
        """Queue these samples."""
        await asyncio.to_thread(self._stream.write, to_bytes(samples))


@contextmanager
def open_devices(input_hz: int, output_hz: int) -> Iterator[tuple[DeviceSource, DeviceSink]]:
    """The default microphone and loudspeaker. Raises ConfigurationError when there are none."""
    library = sound_library()
    shape = {"channels": 1, "dtype": "int16", "latency": "low"}
    try:
        microphone = library.RawInputStream(input_hz, input_hz * FRAME_MS // 1000, **shape)
        loudspeaker = library.RawOutputStream(output_hz, output_hz * FRAME_MS // 1000, **shape)
    except (library.PortAudioError, ValueError) as error:
        raise ConfigurationError(f"no microphone and loudspeaker to talk with: {error}") from error
    with microphone, loudspeaker:
        yield DeviceSource(microphone, input_hz), DeviceSink(loudspeaker)
