"""What import-linter cannot say: one file for each model library, and importing does nothing."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import REPOSITORY, Module, modules

MODEL_LIBRARIES = {
    "ctranslate2",
    "faster_whisper",
    "onnx",
    "onnxruntime",
    "openai",
    "piper",
    "webrtcvad",
    "xllamacpp",
}


def test_each_model_library_is_imported_in_one_adapter() -> None:
    importers: dict[str, set[str]] = defaultdict(set)
    for module in modules():
        for library in _imported(module) & MODEL_LIBRARIES:
            importers[library].add(module.path)
    shared = [f"{library}: {sorted(paths)}" for library, paths in importers.items() if len(paths) > 1]
    assert not shared, "\n".join(shared)
    outside = {path for paths in importers.values() for path in paths if "/adapters/" not in path}
    assert not outside, "\n".join(outside)


def _imported(module: Module) -> set[str]:
    """The top-level packages that a module imports, anywhere in it."""
    return {name.partition(".")[0] for node in ast.walk(module.tree) for name in _names(node)}


def _names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import():
            yield from (alias.name for alias in node.names)
        case ast.ImportFrom(module=str(name), level=0):
            yield name


def test_importing_a_module_does_nothing() -> None:
    """No file read, no thread or process started, no socket opened, by an audit hook in a new process."""
    names = [module.path.removesuffix(".py").replace("/", ".") for module in modules()]
    script = Path(__file__).with_name("import_watch.py")
    watch = subprocess.run(
        [sys.executable, str(script), str(REPOSITORY / "voice_server"), *names],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert watch.returncode == 0, watch.stderr
    done = json.loads(watch.stdout)
    assert not done, "\n".join(done)
