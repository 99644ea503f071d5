"""A package index that is a directory of wheels, for the real pip."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def wheel_part(package: str, member: str) -> dict[str, Any]:
    """A part of a file: a member of version 1.0 of a package."""
    return {"kind": "pip", "package": package, "version": "1.0", "member": member}


@dataclass(frozen=True)
class WheelIndex:
    """The only place where pip looks during a test."""

    directory: Path

    def add(self, package: str, members: dict[str, bytes]) -> Path:
        """Put version 1.0 of a package there; returns the wheel."""
        stem = f"{package.replace('-', '_')}-1.0"
        wheel = self.directory / f"{stem}-py3-none-any.whl"
        info = {
            f"{stem}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n".encode(),
            f"{stem}.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{stem}.dist-info/RECORD": b"",
        }
        with zipfile.ZipFile(wheel, "w") as archive:
            for name, content in (members | info).items():
                archive.writestr(name, content)
        return wheel
