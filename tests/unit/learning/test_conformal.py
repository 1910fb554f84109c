"""Adaptive conformal intervals keep their promise under any drift, use nothing of the future, and say how wide they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.learning.conformal import adaptive_radius, number_coverage, probability_coverage

NOW = np.arange(100_000)


@given(
    scores=st.lists(st.floats(0, 1e6), min_size=20, max_size=400),
    alpha=st.sampled_from([0.05, 0.1, 0.3]),
    gamma=st.sampled_from([0.005, 0.05, 0.2]),
)
def test_long_run_coverage_of_any_sequence(scores: list[float], alpha: float, gamma: float) -> None:
    """Proposition 4.1 of the paper, on whatever sequence a generator finds."""
    score, now = np.array(scores), NOW[: len(scores)]
    radius = adaptive_radius(score, now, now, alpha, gamma, window=50, known_min=1)
    counted = ~np.isnan(radius)
    outside = (score[counted] > radius[counted]).mean()
    assert abs(outside - alpha) <= (max(alpha, 1 - alpha) + gamma) / (gamma * counted.sum()) + 1e-12


def test_drift_is_followed() -> None:
    """The noise grows tenfold half-way; a fixed quantile of the first half would cover a fifth of the second."""
    random = np.random.default_rng(0)
    noise = np.where(np.arange(20_000) < 10_000, 1.0, 10.0)
    truth = random.normal(size=20_000) * noise
    coverage = number_coverage(truth, np.zeros(20_000), NOW[:20_000] + 5, NOW[:20_000])
    assert coverage is not None
    assert coverage.covered == pytest.approx(0.9, abs=0.01)
    fixed = np.quantile(np.abs(truth[:10_000]), 0.9)
    assert (np.abs(truth[10_000:]) <= fixed).mean() < 0.2
    assert 10 < coverage.width < 30


def test_width_is_the_noises() -> None:
    truth = np.random.default_rng(1).normal(size=20_000)
    coverage = number_coverage(truth, np.zeros(20_000), NOW[:20_000] + 1, NOW[:20_000])
    assert coverage is not None
    assert coverage.asked == 0.9
    assert coverage.width == pytest.approx(2 * 1.645, rel=0.05)


@given(st.integers(0, 199), st.integers(1, 30), st.floats(0, 100))
def test_a_truth_counts_from_when_it_was_known(changed: int, late: int, value: float) -> None:
    score = np.random.default_rng(2).random(200)
    other = score.copy()
    other[changed] = value
    now = NOW[:200]
    before, after = (adaptive_radius(s, now + late, now, known_min=5) for s in (score, other))
    assert np.array_equal(before[: changed + late], after[: changed + late], equal_nan=True)


def test_by_hand() -> None:
    """Known at once, window of three: the quantile is the highest of them at alpha 0.3, as ceil(0.7 * 4) = 3."""
    radius = adaptive_radius(np.array([1.0, 3.0, 2.0, 9.0, 1.0, 1.0]), NOW[:6], NOW[:6], alpha=0.3, gamma=1e-9, window=3, known_min=3)
    assert np.isnan(radius[:3]).all()
    assert radius[3:].tolist() == [3.0, 9.0, 9.0]


def test_sets_of_answers() -> None:
    random = np.random.default_rng(3)
    p = random.random(20_000)
    truth = (random.random(20_000) < p).astype(np.float64)
    coverage = probability_coverage(truth, p, NOW[:20_000] + 1, NOW[:20_000])
    assert coverage is not None
    assert coverage.covered == pytest.approx(0.9, abs=0.01)
    assert 1.0 < coverage.width < 2.0
    sure = probability_coverage(truth, np.where(truth > 0, 0.75, 0.25), NOW[:20_000] + 1, NOW[:20_000])
    assert sure is not None
    assert sure.width == pytest.approx(sure.covered) == pytest.approx(0.9, abs=0.01)  # one answer, and none in a tenth: what was asked


def test_too_little_is_known() -> None:
    assert number_coverage(np.zeros(40), np.zeros(40), NOW[:40], NOW[:40]) is None
