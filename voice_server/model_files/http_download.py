"""Web addresses as a source of model files: downloads that go on where they stopped."""

from __future__ import annotations

import hashlib
import http.client
import ssl
import urllib.error
import urllib.request
from pathlib import Path

from voice_server.errors import ModelFileError
from voice_server.model_files.progress import Report

TIMEOUT_S = 60
CHUNK_BYTES = 1 << 20
_NETWORK_ERRORS = (
    urllib.error.URLError,
    http.client.HTTPException,
    ssl.SSLError,
    TimeoutError,
    ConnectionError,
)


def download_path(url: str, downloads: Path) -> Path:
    """Where the file at `url` is kept; it exists only when it is whole."""
    return downloads / hashlib.sha256(url.encode()).hexdigest()[:16]


def download(url: str, downloads: Path, report: Report) -> Path:
    """The file at `url`, downloaded unless it is there, from where an interrupted download stopped.

    Raises ModelFileError when the network or the server fails; what had arrived is kept. Raises OSError when
    the file cannot be written.
    """
    finished = download_path(url, downloads)
    if not finished.exists():
        partial = finished.with_suffix(".partial")
        _complete(url, partial, report)
        partial.rename(finished)
    return finished


def _complete(url: str, partial: Path, report: Report) -> None:
    try:
        _append_rest(url, partial, report)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            partial.unlink(missing_ok=True)
        raise ModelFileError(f"{url} answered {error.code} {error.reason}") from None
    except _NETWORK_ERRORS as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise ModelFileError(
            f"could not download {url}: {reason}. Check the network, then run the same command again: "
            "it goes on where it stopped"
        ) from None


def _append_rest(url: str, partial: Path, report: Report) -> None:
    done = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={done}-"} if done else {})
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
        if response.status != http.HTTPStatus.PARTIAL_CONTENT:
            done = 0
        length = response.headers["Content-Length"]
        total = done + int(length) if length else None
        with partial.open("ab" if done else "wb") as file:
            while chunk := response.read(CHUNK_BYTES):
                file.write(chunk)
                done += len(chunk)
                report(url.rpartition("/")[2], done, total)
    if total is not None and done < total:
        raise ConnectionError(f"the connection ended after {done} of {total} bytes")
