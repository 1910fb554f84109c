"""Drift against independent formulas, and quality counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tradebot.learning.drift import DRIFT_MAX, ks, psi, sketch
from tradebot.learning.quality import ROWS_MAX, QualityCount


def plain_psi(reference: np.ndarray, recent: np.ndarray) -> float:
    """Ten bins between the reference's own deciles, by histogram."""
    inner = np.sort(reference)[(np.arange(1, 10) * len(reference)) // 10 - 1]
    edges = np.concatenate([[-np.inf], inner, [np.inf]])
    shares = [np.histogram(x, np.nextafter(edges, np.inf))[0] / len(x) for x in (reference, recent)]
    expected, found = (np.maximum(s, 1e-4) for s in shares)
    return float(((found - expected) * np.log(found / expected)).sum())


def test_the_same_distribution_has_not_drifted() -> None:
    rng = np.random.default_rng(1)
    reference, recent = rng.normal(0, 1, 20_000), rng.normal(0, 1, 20_000)
    assert psi(sketch(reference), reference) == pytest.approx(0.0, abs=1e-12)
    assert ks(sketch(reference), reference) == 0.0
    shift = psi(sketch(reference), recent)
    assert shift is not None
    assert shift < 0.01 < DRIFT_MAX


@pytest.mark.parametrize("move", [0.1, 0.5, 2.0])
def test_a_shift_is_what_other_formulas_say(move: float) -> None:
    rng = np.random.default_rng(2)
    reference, recent = rng.normal(0, 1, 20_000), rng.normal(move, 1.2, 5_000)
    found = psi(sketch(reference), recent)
    inside = recent[(recent >= reference.min()) & (recent <= reference.max())]
    within = psi(sketch(reference), inside)
    assert within == pytest.approx(plain_psi(reference, inside), rel=0.02, abs=2e-3)
    assert found is not None
    assert found > 0.0
    exact = stats.ks_2samp(reference, recent).statistic
    distance = ks(sketch(reference), recent)
    assert distance is not None
    assert exact - 0.011 <= distance <= exact + 1e-12


@pytest.mark.parametrize("value", [0.0, 1.0, 2.0])
def test_a_constant_that_becomes_another_has_drifted(value: float) -> None:
    found, distance = psi(sketch(np.full(500, 1.0)), np.full(500, value)), ks(sketch(np.full(500, 1.0)), np.full(500, value))
    assert found is not None
    assert (found > DRIFT_MAX) == (value != 1.0)
    assert distance == (value != 1.0)


def test_too_little_says_nothing() -> None:
    assert psi(sketch(np.arange(500.0)), np.arange(50.0)) is None
    assert ks(sketch(np.empty(0)), np.arange(500.0)) is None


def test_quality_by_hand() -> None:
    values = np.full((6, 2, 3), np.nan)
    present = np.ones((6, 2), np.bool_)
    present[3:, 1] = False
    values[:, 0, 0] = [1, 2, 3, 4, 5, 6]
    values[:3, 1, 0] = 7
    values[:, 0, 1] = [1, 1, 2, 2, np.nan, np.nan]
    values[:3, 1, 1] = [5, 6, 7]
    values[~present] = np.nan
    count = QualityCount(2, 3, 9)
    count.add(values[:4], present[:4])
    count.add(values[4:], present[4:])
    moving, halting, never = count.result()
    assert moving.missing_share == 0.0
    assert (moving.stale_min, moving.unchanged_min) == (3, 5), "the second symbol: its last bar is three minutes old, its value five"
    assert halting.missing_share == pytest.approx(2 / 9)
    assert (halting.stale_min, halting.unchanged_min) == (3, 3)
    assert (never.missing_share, never.stale_min, never.unchanged_min, len(never.sample)) == (1.0, None, None, 0)
    assert sorted(moving.sample.tolist()) == [1, 2, 3, 4, 5, 6, 7, 7, 7]


def test_the_sample_is_bounded_and_spread() -> None:
    minutes, sessions = 1000, 120
    count = QualityCount(1, 1, minutes * sessions)
    for i in range(sessions):
        count.add(np.arange(i * minutes, (i + 1) * minutes, dtype=float).reshape(-1, 1, 1), np.ones((minutes, 1), np.bool_))
    [quality] = count.result()
    assert 0.5 * ROWS_MAX < len(quality.sample) <= ROWS_MAX
    assert set(np.diff(quality.sample)) == {3.0}
