from __future__ import annotations

import os
import sys

import pytest

from voice_server.client.local_server import local_server
from voice_server.errors import LinkError

READY_AT_THE_SECOND_QUESTION = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        Handler.asked += 1
        self.send_response(200 if self.path == "/readyz" and Handler.asked > 1 else 503)
        self.end_headers()
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print("some noise\\nlistening on http://127.0.0.1:%d" % server.server_port, flush=True)
server.serve_forever()
"""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_is_ready_when_readyz_says_so_and_ends_on_leaving() -> None:
    async with local_server([sys.executable, "-c", READY_AT_THE_SECOND_QUESTION]) as server:
        assert server.url.startswith("ws://127.0.0.1:")
        assert server.url.endswith("/v1/voice")
        assert server.ready_after_ms > 0
        assert alive(server.pid)
    assert not alive(server.pid)


async def test_a_server_that_ends_at_once_says_its_last_words() -> None:
    failing = [sys.executable, "-c", "raise SystemExit('no model files: run models fetch')"]
    with pytest.raises(LinkError, match=r"(?s)exit 1.*no model files: run models fetch"):
        async with local_server(failing):
            pass


async def test_a_server_that_is_never_ready_is_given_up() -> None:
    with pytest.raises(LinkError, match="was not ready in time"):
        async with local_server([sys.executable, "-c", "import time; time.sleep(60)"], timeout_s=0.2):
            pass
