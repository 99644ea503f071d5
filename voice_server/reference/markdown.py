"""Pages in which marked regions are generated and the prose between them is written by people.

A region is everything between `<!-- generated: NAME -->` and `<!-- end of NAME -->`, each on its own line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

_REGION = re.compile(r"<!-- generated: (?P<name>[a-z-]+) -->\n.*?<!-- end of (?P=name) -->", re.DOTALL)


def fill(page: str, regions: Mapping[str, str]) -> str:
    """The page with its regions written anew. Raises ValueError unless it has exactly these regions."""
    marked = sorted(match["name"] for match in _REGION.finditer(page))
    if marked != sorted(regions):
        raise ValueError(f"the page has the regions {marked}, and there are texts for {sorted(regions)}")
    return _REGION.sub(lambda match: _region(match["name"], regions[match["name"]]), page)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; bars in the cells are escaped."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)


def code(text: str) -> str:
    """Set as code, nothing for nothing."""
    return f"`{text}`" if text else ""


def _region(name: str, text: str) -> str:
    return f"<!-- generated: {name} -->\n\n{text.strip()}\n\n<!-- end of {name} -->"
