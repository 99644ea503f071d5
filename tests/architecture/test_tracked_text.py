"""No tracked file names a package index or a path of the machine it was written on."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from tests.architecture.source import REPOSITORY

LOOPBACK = {"127.0.0.1", "localhost"}


def test_tracked_files_name_no_index_or_path() -> None:
    if not (REPOSITORY / ".git").exists():
        pytest.skip("not a git checkout: no list of tracked files")
    names = _hosts_and_folders_of_indexes() | _checkouts_beside_this()
    # A longer word or path that only contains the name is something else.
    pattern = re.compile(rf"(?<![\w./-])(?:{'|'.join(map(re.escape, sorted(names)))})(?![\w-])")
    found = [f"{path}: {hit[0]}" for path in _tracked() if (hit := pattern.search(_text(path)))]
    assert not found, "\n".join(found)


def _hosts_and_folders_of_indexes() -> set[str]:
    """Where pip and npm are told to look on this machine, unless that is the machine itself."""
    said = _output(sys.executable, "-m", "pip", "config", "list") + _output(
        "npm", "config", "get", "registry"
    )
    urls = {urlsplit(url) for url in re.findall(r"\w+://[^\s'\"]+", said)}
    folders = {
        folder
        for line in said.splitlines()
        if "find-links" in line
        for folder in re.findall(r"/[\w./-]+", line)
    }
    return ({url.hostname or url.path for url in urls} | folders) - LOOPBACK


def _checkouts_beside_this() -> set[str]:
    """This checkout and the folders beside it."""
    beside = REPOSITORY.parent
    return {str(REPOSITORY)} | {str(folder) for folder in beside.iterdir() if folder.is_dir() and beside.name}


def _output(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return ""
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY).stdout


def _tracked() -> list[str]:
    return _output("git", "ls-files").splitlines()


def _text(path: str) -> str:
    """The file's text; nothing for a binary file or one that was just removed."""
    try:
        return (REPOSITORY / path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
