"""The language model behind the server under test: OpenAI's chat completions over HTTP, answered by rule."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ANSWER = "Hello there. It is good to hear you."
STORY = (
    "Once upon a time there was a king who had three daughters and a very large garden. Every morning the "
    "daughters walked through the garden and counted the apples. One day an apple was missing, and nobody "
    "knew who had taken it. So the king asked the oldest daughter to stay awake all night and watch."
)
PLACE = "Lisbon"


def answer(body: dict[str, Any]) -> dict[str, Any]:
    """What the model says to these messages: words, or a call of the weather function."""
    last = body["messages"][-1]
    if last["role"] == "tool":
        return {"content": f"The function says {last['content']}."}
    if "weather" in str(last["content"]) and body.get("tools"):
        name = body["tools"][0]["function"]["name"]
        function = {"name": name, "arguments": json.dumps({"city": PLACE})}
        return {"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]}
    return {"content": STORY if "story" in str(last["content"]) else ANSWER}


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        try:
            for delta in _pieces(answer(body)):
                chunk = {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta}]}
                self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
            self.wfile.write(b"data: [DONE]\n\n")
        except OSError:
            return  # the answer is not wanted any more

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


def _pieces(said: dict[str, Any]) -> list[dict[str, Any]]:
    words = said.get("content", "").split()
    return [{"content": f"{word} "} for word in words] if words else [said]


@contextmanager
def language_server() -> Iterator[str]:
    """Yields what `llm.url` is to be."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()
