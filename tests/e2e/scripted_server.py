"""A server that does what a test tells it, for states that the real one is hard to bring into.

It serves the page like the real one. For each connection it runs the test's script in a thread of its own;
the script speaks through a `Peer`.
"""

from __future__ import annotations

import json
import math
import mimetypes
import struct
import threading
from array import array
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from queue import Queue
from types import TracebackType
from typing import Any, Self

from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve
from websockets.typing import Subprotocol

WEB_CLIENT = Path(__file__).parents[2] / "web_client"
RATE_HZ = 22_050
FRAME_SAMPLES = 441  # 20 ms
Message = dict[str, Any]


class GoneError(Exception):
    """The client closed the connection."""


class Peer:
    """The server's end of one connection."""

    def __init__(self, connection: ServerConnection) -> None:
        self.connection = connection
        self.seq = 0
        self.heard_ms = 0
        """How much audio came so far: the input clock."""
        self.last_frame = b""
        self._messages: Queue[Message] = Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def send(self, kind: str, **fields: object) -> None:
        """Send a message of this type."""
        self.seq += 1
        self.connection.send(json.dumps({"type": kind, "seq": self.seq, "t_ms": self.seq, **fields}))

    def start(
        self, heartbeat_ms: int = 10_000, *, capture: bool = False, voices: Sequence[str] = ()
    ) -> Message:
        """Wait for `session.start` and answer it. Returns what the client sent."""
        first = self.expect("session.start")
        self.send(
            "session.started",
            session=f"session-{id(self):x}",
            token="token",
            config={**first.get("config", {}), "audio": {"input_rate": 16_000, "output_rate": RATE_HZ}},
            heartbeat_ms=heartbeat_ms,
            resume_window_ms=120_000,
            limits={"lead_ms": 300, "voices": list(voices)},
            capture=capture,
        )
        return first

    def expect(self, kind: str, timeout_s: float = 10) -> Message:
        """The next message of this type, "" for any; others before it are passed over. Raises queue.Empty."""
        while True:
            message = self._messages.get(timeout=timeout_s)
            if message["type"] == "gone":
                raise GoneError
            if kind in ("", message["type"]):
                return message

    def tone(self, response: int, position: int, ms: int, *, last: bool = False) -> int:
        """Send a tone as audio of this response, all at once. Returns the position after it."""
        end = position + ms * RATE_HZ // 1000
        while position < end:
            count = min(FRAME_SAMPLES, end - position)
            flags = int(last and position + count == end)
            header = struct.pack("<BBHII", 1, 1, flags, response, position)
            self.connection.send(header + _sine(position, count))
            position += count
        return position

    def say(self, response: int, text: str, *, word_ms: int = 250, lead_words: int | None = None) -> int:
        """Start a response, with its text, words and a tone as long. Returns the position after the audio."""
        words = text.split()
        times = [
            {"text": w, "start_ms": i * word_ms, "end_ms": (i + 1) * word_ms} for i, w in enumerate(words)
        ]
        self.send("response.started", response=response, turn=response)
        self.send("response.text", response=response, delta=text)
        self.send("response.words", response=response, words=times)
        sounding = len(words) if lead_words is None else lead_words
        return self.tone(response, 0, sounding * word_ms, last=lead_words is None)

    def stay(self) -> None:
        """Listen until the client is gone."""
        self.expect("nothing", timeout_s=120)

    def _read(self) -> None:
        try:
            for data in self.connection:
                if isinstance(data, bytes):
                    self.heard_ms += len(data) // 32
                    self.last_frame = data
                else:
                    self._messages.put(json.loads(data))
        except (ConnectionClosed, OSError):
            pass
        self._messages.put({"type": "gone"})


Script = Callable[[Peer], None]


class ScriptedServer:
    """Listens on 127.0.0.1 while it is entered."""

    def __init__(self, script: Script, port: int = 0) -> None:
        self.script = script
        self.failures: list[BaseException] = []
        self._server = serve(
            self._handle,
            "127.0.0.1",
            port,
            process_request=_static,
            subprotocols=[Subprotocol("voice.v1")],
            compression=None,
            close_timeout=1,
        )
        self.port: int = self._server.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        if self.failures and error is None:
            raise self.failures[0]

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.port}/"

    def _handle(self, connection: ServerConnection) -> None:
        try:
            self.script(Peer(connection))
        except (ConnectionClosed, GoneError):
            return
        except BaseException as failure:
            self.failures.append(failure)
            raise


def _sine(position: int, count: int) -> bytes:
    step = 2 * math.pi * 330 / RATE_HZ
    return array("h", (int(6000 * math.sin(step * k)) for k in range(position, position + count))).tobytes()


def _static(connection: ServerConnection, request: Request) -> Response | None:
    path = request.path.partition("?")[0]
    if path == "/v1/voice":
        return None
    file = (WEB_CLIENT / path.lstrip("/")).resolve()
    file = file / "index.html" if file.is_dir() else file
    if not file.is_relative_to(WEB_CLIENT) or not file.is_file():
        return connection.respond(HTTPStatus.NOT_FOUND, "not found\n")
    kind = "text/javascript" if file.suffix == ".js" else mimetypes.guess_type(file.name)[0] or "text/plain"
    body = file.read_bytes()
    headers = Headers({"Content-Type": kind, "Content-Length": str(len(body)), "Connection": "close"})
    return Response(HTTPStatus.OK, "OK", headers, body)
