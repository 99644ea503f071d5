"""A recording as files: what was heard, what was said into the microphone, and every message."""

from __future__ import annotations

from pathlib import Path

from voice_server.client.call import Recording
from voice_server.client.wav import write_wav


def write_recording(recording: Recording, directory: Path, name: str) -> list[Path]:
    """Write `NAME.heard.wav`, `NAME.mic.wav` and `NAME.messages.jsonl`, all from the same time zero."""
    directory.mkdir(parents=True, exist_ok=True)
    paths = [directory / f"{name}.{kind}" for kind in ("heard.wav", "mic.wav", "messages.jsonl")]
    write_wav(paths[0], recording.heard(), recording.loudspeaker.rate_hz)
    write_wav(paths[1], recording.microphone, recording.input_rate_hz)
    paths[2].write_text("".join(line + "\n" for line in recording.log.lines()), encoding="utf-8")
    return paths
