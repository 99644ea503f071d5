"""The dashboard, the alert rules and the page about metrics name metrics that there are."""

from __future__ import annotations

import json
import re
from pathlib import Path

from voice_server.observing.metrics import Metrics

DOCS = Path(__file__).parents[2] / "docs" / "observability"
NAME = re.compile(r"\bvoice_[a-z_]+\b")
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}


def families() -> dict[str, str]:
    """By name without suffix: its type."""
    return {family.name: family.type for family in Metrics().registry.collect()}


def test_what_is_asked_of_prometheus_exists() -> None:
    known = {name + suffix for name, kind in families().items() for suffix in SUFFIXES[kind]}
    dashboard = json.loads((DOCS / "dashboard.json").read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    alerts = (DOCS / "alerts.yaml").read_text(encoding="utf-8")
    rules = [line for line in alerts.splitlines() if not line.strip().startswith(("description", "summary"))]
    named = {name for text in (*asked, *rules) for name in NAME.findall(text)}
    assert len(named) > 15
    assert named <= known


def test_every_metric_is_described_and_drawn() -> None:
    page = (DOCS / "README.md").read_text(encoding="utf-8")
    dashboard = (DOCS / "dashboard.json").read_text(encoding="utf-8")
    for name, kind in families().items():
        described = f"`{name}_total`" if kind == "counter" else f"`{name}`"
        assert described in page
        if name not in ("voice_sessions_ended", "voice_message_bytes"):
            assert name in dashboard
