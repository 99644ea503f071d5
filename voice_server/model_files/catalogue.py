"""The list of models, `models.toml`: what each is, and where every byte of it comes from.

A model is a directory of files. A file is its parts, joined in order. A part comes from one of four kinds of
source: a wheel on the Python index, a local file, a URL, or a file of a model hub's repository.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from voice_server.errors import ModelFileError

LIST_NAME = "models.toml"
CHECKOUT_MODELS = Path(__file__).parents[2] / "models"
HUB = "https://huggingface.co"

# No slash and no leading dot: names become paths below the models directory.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")]
Text = Annotated[str, Field(min_length=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Url = Annotated[str, Field(pattern=r"^https?://[^/]+/")]

_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, config=_STRICT)
class PipPart:
    """A member of a wheel, downloaded by pip with the user's own index settings."""

    kind: Literal["pip"]
    package: Name
    version: Name
    member: Text

    def __str__(self) -> str:
        return f"{self.member} of the package {self.package} {self.version}"


@dataclass(frozen=True, config=_STRICT)
class LocalPart:
    """A file of this machine: absolute, from `~`, or relative to the models directory."""

    kind: Literal["file"]
    path: Text

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, config=_STRICT)
class UrlPart:
    """A file at a web address."""

    kind: Literal["url"]
    url: Url

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, config=_STRICT)
class HubPart:
    """A file of a Hugging Face repository; `HF_ENDPOINT` names another server of the same API."""

    kind: Literal["hub"]
    repo: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")]
    filename: Text
    revision: Text

    @property
    def url(self) -> str:
        """Where the file is downloaded from."""
        endpoint = os.environ.get("HF_ENDPOINT") or HUB
        return f"{endpoint.rstrip('/')}/{self.repo}/resolve/{self.revision}/{self.filename}"

    def __str__(self) -> str:
        return self.url


Part = Annotated[PipPart | LocalPart | UrlPart | HubPart, Field(discriminator="kind")]


@dataclass(frozen=True, config=_STRICT)
class ModelFile:
    """One file of a model, known by its hash."""

    name: Name
    size_bytes: Annotated[int, Field(gt=0)]
    sha256: Sha256
    parts: Annotated[tuple[Part, ...], Field(min_length=1)]


@dataclass(frozen=True, config=_STRICT)
class Model:
    """One model: a directory of this name below the models directory."""

    name: Name
    use: Text
    default: bool
    licence: Text
    upstream: Text
    measured: Text
    file: Annotated[tuple[ModelFile, ...], Field(min_length=1)]

    @property
    def size_bytes(self) -> int:
        """Of all files together."""
        return sum(file.size_bytes for file in self.file)


@dataclass(frozen=True, config=_STRICT)
class Catalogue:
    """All models that the list names."""

    model: tuple[Model, ...]

    def named(self, name: str) -> Model:
        """The model of this name. Raises ModelFileError, which names the known ones."""
        for model in self.model:
            if model.name == name:
                return model
        known = ", ".join(model.name for model in self.model)
        raise ModelFileError(f"there is no model named {name!r}; {LIST_NAME} has: {known}")

    def defaults(self) -> tuple[Model, ...]:
        """The models that the server needs with its default settings."""
        return tuple(model for model in self.model if model.default)


def load_catalogue(models_dir: Path) -> Catalogue:
    """Read the list of `models_dir`, or the checkout's where that has none of its own.

    Raises ModelFileError, which names the table and the field, when there is none or it is wrong.
    """
    path = next((d / LIST_NAME for d in (models_dir, CHECKOUT_MODELS) if (d / LIST_NAME).is_file()), None)
    if path is None:
        raise ModelFileError(f"{models_dir} has no {LIST_NAME}: name the models directory with --dir")
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        catalogue: Catalogue = TypeAdapter(Catalogue).validate_python(tables)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelFileError(f"{path} is not TOML: {error}") from None
    except ValidationError as error:
        raise ModelFileError(f"{path}: {_first_complaint(error, tables)}") from None
    _refuse_duplicates(catalogue, path)
    return catalogue


def _first_complaint(error: ValidationError, tables: Any) -> str:
    complaint = error.errors()[0]
    return f"{_place(complaint['loc'], tables)}: {complaint['msg'].lower()}"


def _place(location: tuple[int | str, ...], tables: Any) -> str:
    """(model, 1, file, 0, sha256) → `model whisper-base, file model.bin, sha256`."""
    words: list[str] = []
    for step in location:
        if isinstance(step, int):
            tables = tables[step]
            words[-1] += f" {tables['name'] if 'name' in tables else step + 1}"
            continue
        words.append(step)
        if step in tables:  # else a field that is missing, or the kind of a part
            tables = tables[step]
    return ", ".join(words)


def _refuse_duplicates(catalogue: Catalogue, path: Path) -> None:
    _refuse_twins([model.name for model in catalogue.model], f"{path}: model")
    for model in catalogue.model:
        _refuse_twins([file.name for file in model.file], f"{path}: model {model.name}, file")


def _refuse_twins(names: list[str], place: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ModelFileError(f"{place} {name}, name: there are two of this name")
