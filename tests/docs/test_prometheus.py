"""What Prometheus itself makes of the metrics, the alert rules and the dashboard; skipped where it is not."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from voice_server.observing.metrics import Metrics

DOCS = Path(__file__).parents[2] / "docs" / "observability"
MADE_UP_NUMBERS = Path(__file__).parent / "alerts.yaml"
PROMTOOL = shutil.which("promtool")

pytestmark = pytest.mark.skipif(PROMTOOL is None, reason="promtool is in Debian's package prometheus")


def promtool(*arguments: str, stdin: bytes = b"") -> str:
    """What it complains of."""
    assert PROMTOOL
    done = subprocess.run([PROMTOOL, *arguments], input=stdin, capture_output=True, check=False)
    said = (done.stdout + done.stderr).decode()
    return said if done.returncode else ""


def test_the_alerts_are_raised_just_past_the_goals_and_not_before() -> None:
    assert promtool("test", "rules", str(MADE_UP_NUMBERS)) == ""


def test_it_finds_nothing_amiss_in_the_metrics() -> None:
    assert promtool("check", "metrics", stdin=Metrics().exposition()) == ""
    assert "counter metrics should have" in promtool("check", "metrics", stdin=b"# TYPE a counter\na 1\n")


def test_it_understands_every_question_of_the_dashboard(tmp_path: Path) -> None:
    panels = json.loads((DOCS / "dashboard.json").read_text(encoding="utf-8"))["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    exprs = [expr.replace("$__rate_interval", "5m") for expr in asked]
    rules = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(exprs)]
    file = tmp_path / "rules.yaml"  # JSON is YAML
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}), encoding="utf-8")
    assert len(asked) > 15
    assert promtool("check", "rules", str(file)) == ""
