"""Imports the modules it is given and prints, as JSON, what they did beside defining things.

`python import_watch.py PACKAGE_DIRECTORY MODULE...`; run by test_imports.py in a process of its own, because
an audit hook stays for good. What an imported library does while it is itself imported is not ours.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
from types import FrameType

ACTIONS = {
    "open",
    "os.listdir",
    "os.scandir",
    "sqlite3.connect",
    "subprocess.Popen",
    "socket.bind",
    "socket.connect",
}
EXTRAS = {"matplotlib", "psutil", "sounddevice"}


def main() -> None:
    """Import, watch, print."""
    package, *names = sys.argv[1:]
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "1"  # else the first model of ours looks for them in files
    seen: list[str] = []

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event in ACTIONS and (culprit := _culprit(sys._getframe(), package)):
            seen.append(f"{culprit}: {event} {arguments[:1]}")

    sys.addaudithook(watch)
    sys.path.insert(0, "")
    for name in names:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name not in EXTRAS:
                raise
        if threading.active_count() > 1:
            seen.append(f"{name}: runs {threading.enumerate()[1:]}")
            break
    print(json.dumps(seen))


def _culprit(frame: FrameType | None, package: str) -> str | None:
    """The line of ours that this happens under; None when a further import lies between."""
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith("<frozen importlib"):
            return None
        if file.startswith(package):
            return f"{file}:{frame.f_lineno}"
        frame = frame.f_back
    return None


if __name__ == "__main__":
    main()
