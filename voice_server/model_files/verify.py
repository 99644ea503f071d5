"""Whether the files of a model are the ones that the list names, told by their SHA-256."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from voice_server.model_files.catalogue import Model, ModelFile


def sha256_of(path: Path) -> str:
    """The hash of a file as hex digits. Raises OSError."""
    with path.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def problem_of(file: ModelFile, directory: Path) -> str | None:
    """What is wrong with this file in its model's directory, as a sentence; None if nothing is."""
    path = directory / file.name
    try:
        size_bytes = path.stat().st_size
        if size_bytes != file.size_bytes:
            return f"{path} has {size_bytes} bytes instead of {file.size_bytes}"
        found = sha256_of(path)
    except FileNotFoundError:
        return f"{path} is missing"
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    return None if found == file.sha256 else f"{path} has SHA-256 {found} instead of {file.sha256}"


def problems_of(models: Sequence[Model], models_dir: Path) -> dict[str, list[str]]:
    """What is wrong with each model, by name; an empty list where all is well.

    Reads every byte. Hashing releases the GIL, so the files are read by one thread per core.
    """
    present = [model for model in models if (models_dir / model.name).is_dir()]
    files = [(model.name, file) for model in present for file in model.file]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        found = list(threads.map(lambda entry: problem_of(entry[1], models_dir / entry[0]), files))
    problems: dict[str, list[str]] = {model.name: [] for model in models}
    for model in models:
        if model not in present:
            problems[model.name].append(f"{models_dir / model.name} is missing")
    for (name, _), problem in zip(files, found, strict=True):
        if problem is not None:
            problems[name].append(problem)
    return problems
