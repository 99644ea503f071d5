"""A client that is gone without a word is noticed below WebSockets, where a protocol has no heartbeat."""

from __future__ import annotations

import socket

from voice_server.serving import KEEPALIVE, bound
from voice_server.settings import Settings


def test_connections_are_probed_when_they_are_silent() -> None:
    with bound(Settings.model_validate({"server": {"port": 0}})) as listener:
        listener.listen()
        with socket.create_connection(listener.getsockname()), listener.accept()[0] as accepted:
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            for option, value in KEEPALIVE.items():
                if hasattr(socket, option):
                    assert accepted.getsockopt(socket.IPPROTO_TCP, getattr(socket, option)) == value
