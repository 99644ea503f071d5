"""Fetching a model: every file from its parts, checked while it is written, all in place at once."""

from __future__ import annotations

import hashlib
from pathlib import Path

from voice_server.errors import ModelFileError
from voice_server.model_files.catalogue import Model, ModelFile
from voice_server.model_files.progress import Report
from voice_server.model_files.sources import forget_part, open_part
from voice_server.model_files.staging import Staging
from voice_server.model_files.verify import problem_of

CHUNK_BYTES = 1 << 20


def fetch_model(model: Model, models_dir: Path, report: Report) -> None:
    """Put the model in place below `models_dir`. The caller holds `staging.exclusive`.

    Raises ModelFileError with what to do; files that were finished before are kept for the next fetch.
    """
    staging = Staging(models_dir, model.name)
    try:
        staging.open()
        for file in model.file:
            if problem_of(file, staging.files) is not None:
                _assemble(file, models_dir, staging, report)
        staging.publish()
    except OSError as error:
        raise ModelFileError(f"model {model.name} could not be put together: {error}") from error


def _assemble(file: ModelFile, models_dir: Path, staging: Staging, report: Report) -> None:
    unchecked = staging.directory / f"{file.name}.unchecked"
    found = _join_parts(file, unchecked, models_dir, staging.downloads, report)
    size_bytes = unchecked.stat().st_size
    if (found, size_bytes) != (file.sha256, file.size_bytes):
        unchecked.unlink()
        for part in file.parts:
            forget_part(part, staging.downloads)
        raise ModelFileError(
            f"refused {file.name} from {' + '.join(map(str, file.parts))}: its SHA-256 is {found} "
            f"({size_bytes} bytes), the list of models says {file.sha256} ({file.size_bytes} bytes). "
            "Nothing of it was kept"
        )
    unchecked.rename(staging.files / file.name)


def _join_parts(file: ModelFile, path: Path, models_dir: Path, downloads: Path, report: Report) -> str:
    """Write the parts one after the other to `path`; the SHA-256 of the whole."""
    digest = hashlib.sha256()
    with path.open("wb") as whole:
        for part in file.parts:
            with open_part(part, models_dir, downloads, report) as data:
                while chunk := data.read(CHUNK_BYTES):
                    digest.update(chunk)
                    whole.write(chunk)
    return digest.hexdigest()
