"""Which addresses are this machine's own."""

from __future__ import annotations

import httpx2
import pytest

from voice_server.loopback import direct_mounts, is_loopback

OURS = ["http://localhost:8080/v1", "ws://127.0.0.1/", "https://127.1.2.3:1/v1", "http://[::1]:8080/v1"]
OTHERS = ["http://localhost.example.org/", "http://10.0.0.1:8080/", "http://[2001:db8::1]/", "nonsense", ""]


@pytest.mark.parametrize(("url", "ours"), [(url, True) for url in OURS] + [(url, False) for url in OTHERS])
def test_names_and_addresses(url: str, *, ours: bool) -> None:
    assert is_loopback(url) == ours
    assert bool(direct_mounts(url)) == ours


@pytest.mark.parametrize("url", [url for url in OURS if url.startswith("http")])
def test_what_is_mounted_is_what_the_library_looks_for(url: str) -> None:
    direct = httpx2.MockTransport(lambda _request: httpx2.Response(204))
    with httpx2.Client(mounts=dict.fromkeys(direct_mounts(url), direct)) as client:
        assert client.get(url).status_code == 204
