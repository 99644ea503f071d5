"""Where a model is put together before it is shown.

`.staging/NAME/` below the models directory holds what was downloaded and the files that are finished; an
interrupted fetch leaves it, and the next one goes on from there. When all files are right, one rename puts
the directory in place and the rest is removed. `.staging/lock` keeps two fetches apart.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from voice_server.errors import ModelFileError

STAGING_NAME = ".staging"


class Staging:
    """The staging directory of one model. Needs `exclusive`. Every method raises OSError."""

    def __init__(self, models_dir: Path, name: str) -> None:
        self.place = models_dir / name
        self.directory = models_dir / STAGING_NAME / name
        self.downloads = self.directory / "downloads"
        self.files = self.directory / "files"

    def open(self) -> None:
        """Make the directories that are not there yet."""
        self.downloads.mkdir(parents=True, exist_ok=True)
        self.files.mkdir(exist_ok=True)

    def publish(self) -> None:
        """Put the finished files in place, instead of what may be there, and remove the rest."""
        if self.place.exists():
            replaced = self.directory / "replaced"
            shutil.rmtree(replaced, ignore_errors=True)
            self.place.rename(replaced)
        self.files.rename(self.place)
        shutil.rmtree(self.directory)


@contextlib.contextmanager
def exclusive(models_dir: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of the models directory; `on_wait` is called once if another process holds it.

    The operating system lets go of the lock when the process ends, however it ends. Raises ModelFileError
    where the directory cannot be written.
    """
    with _lock_file(models_dir / STAGING_NAME) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _lock_file(staging: Path) -> IO[str]:
    try:
        staging.mkdir(parents=True, exist_ok=True)
        return (staging / "lock").open("w")
    except OSError as error:
        raise ModelFileError(
            f"cannot write {staging}: {error.strerror}; name another place with --dir"
        ) from error
