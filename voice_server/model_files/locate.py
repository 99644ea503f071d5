"""Where the server finds its models."""

from __future__ import annotations

import os
from pathlib import Path

from voice_server.errors import ModelFileError
from voice_server.model_files.catalogue import CHECKOUT_MODELS, LIST_NAME, load_catalogue
from voice_server.model_files.verify import problems_of

MODELS_DIR_VARIABLE = "VOICE_SERVER_MODELS_DIR"


def default_models_dir() -> Path:
    """`$VOICE_SERVER_MODELS_DIR`, else `models/` of this checkout, else `models/` where the process runs."""
    named = os.environ.get(MODELS_DIR_VARIABLE)
    if named:
        return Path(named)
    return CHECKOUT_MODELS if (CHECKOUT_MODELS / LIST_NAME).is_file() else Path("models")


def locate(name: str, models_dir: Path) -> Path:
    """The directory of a model whose files were all read and are the right ones.

    Raises ModelFileError, which says how to get them, when one is missing or is not the one that was named.
    Takes about 0.1 s per 100 MB: for start-up, not for a session.
    """
    model = load_catalogue(models_dir).named(name)
    problems = problems_of([model], models_dir)[name]
    if problems:
        more = f" (and {len(problems) - 1} more)" if problems[1:] else ""
        command = "voice-server models fetch" + ("" if model.default else f" {name}")
        raise ModelFileError(f"model {name}: {problems[0]}{more}: run `{command}`")
    return models_dir / name
