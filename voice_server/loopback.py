"""Which addresses are this machine's own: no proxy can reach them, so none is asked about them."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(url: str) -> bool:
    """Whether the host of this URL is this machine, by its name or by its address."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def direct_mounts(url: str) -> dict[str, None]:
    """What an httpx client is to mount to reach this URL without the environment's proxy, if it is ours."""
    host = urlsplit(url).hostname or ""
    bracketed = f"[{host}]" if ":" in host else host
    return {f"all://{bracketed}": None} if is_loopback(url) else {}
