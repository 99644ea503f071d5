"""Results as JSON: everything that was measured, with the raw trials. What never came is null."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from voice_server.bench.numbers import Number
from voice_server.bench.statistics import Distribution, Share

DECIMALS = 2


def number_record(number: Number) -> dict[str, Any]:
    """One number with its goal."""
    record: dict[str, Any] = {"key": number.key, "title": number.title}
    match number.value:
        case Distribution():
            record |= {"unit": "ms", **asdict(number.value)}
        case Share():
            record |= {"unit": "share", "value": number.value.value, **asdict(number.value)}
        case _:
            record |= {"unit": "count", "value": number.value}
    goal = (
        {name: bound for name, bound in asdict(number.goal).items() if bound is not None}
        if number.goal
        else None
    )
    return record | {"goal": goal, "met": number.met}


def plain(value: Any) -> Any:
    """Anything that was measured as what JSON knows: dataclasses as objects, times rounded, never as null."""
    match value:
        case float():
            return round(value, DECIMALS) if math.isfinite(value) else None
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
    return plain(asdict(value)) if is_dataclass(value) and not isinstance(value, type) else value


def write_json(path: Path, record: Mapping[str, Any]) -> None:
    """Write one result."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(plain(record), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
