from __future__ import annotations

import math

import pytest

from voice_server.bench.statistics import NEVER, Distribution, Share, percentile


def test_percentiles_interpolate() -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.5
    assert percentile([7.0], 0.95) == 7.0
    assert percentile([float(value) for value in range(101)], 0.95) == 95.0


def test_nothing_has_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)
    assert Distribution.of([]) is None


def test_what_never_came_counts_as_the_worst() -> None:
    found = Distribution.of([100.0, NEVER, 100.0, 100.0])
    assert found == Distribution(p50=100.0, p95=math.inf, n=4, never=1)
    assert Distribution.of([NEVER, NEVER]) == Distribution(math.inf, math.inf, 2, 2)


def test_a_share_of_nothing_has_no_value() -> None:
    assert Share.where([True, False, True, True]).value == 0.75
    assert Share.where([]).value is None
