"""The docstrings below fields, as descriptions in the schema.

Pydantic can do this (`use_attribute_docstrings`), but it reads the source files while they are imported.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from pydantic import BaseModel, TypeAdapter

from voice_server.protocol.schema import Outline


def described(adapter: TypeAdapter[Any], base: type[BaseModel]) -> Outline:
    """The outline, with a description of every field of the subclasses of `base`."""
    outline = Outline(adapter)
    classes = {model.__name__: model for model in base.__subclasses__()}
    for name, schema in outline.root["$defs"].items():
        texts = field_docstrings(classes[name]) if name in classes else {}
        for field, text in texts.items():
            schema["properties"][field]["description"] = text
    return outline


def field_docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The string that stands right below each field of the class."""
    return dict(_documented(ast.parse(textwrap.dedent(inspect.getsource(model)))))


def _documented(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for above, below in pairwise(tree.body[0].body if isinstance(tree.body[0], ast.ClassDef) else ()):
        match above, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, inspect.cleandoc(text)
