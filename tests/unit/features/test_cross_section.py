"""Ranks and z-scores over symbols: scipy, and nothing but the values counts."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy import stats

from tradebot.core.features import cross_section
from tradebot.core.features.feature import Feature

K = len(cross_section.SOURCES)


def stand(values: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Columns (N, 2 K) for source columns `values` (N, K)."""
    out = np.hstack([np.full((len(values), 2 * K), 77.0), values])
    cross_section.step(out, present, np.arange(2 * K, 3 * K), 0, cross_section.new_scratch(len(values)))
    np.testing.assert_array_equal(out[:, 2 * K :], values)
    return out[:, : 2 * K]


def minute(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Heavy tails, many equal values, absent symbols and unfinished warm-ups."""
    rng = np.random.default_rng(seed)
    values = rng.standard_t(2, (n, K))
    values[:, 1] = rng.integers(-2, 3, n)
    values[:, 2] = 3.25
    values[rng.random((n, K)) < 0.1] = np.nan
    return values, rng.random(n) > 0.2


@pytest.mark.parametrize("n", [2, 3, 10, 24, 25, 200, 3000])
def test_ranks_and_zscores_are_those_of_scipy(n: int) -> None:
    values, present = minute(n, n)
    out = stand(values, present)
    for k in range(K):
        known = present & np.isfinite(values[:, k])
        rank, zscore = out[:, 2 * k], out[:, 2 * k + 1]
        assert np.isnan(rank[~known]).all()
        assert np.isnan(zscore[~known]).all()
        x = values[known, k]
        if len(x) > 1:
            np.testing.assert_allclose(rank[known], (stats.rankdata(x) - 1) / (len(x) - 1), rtol=1e-12)
            expected = np.zeros(len(x)) if np.ptp(x) == 0 else stats.zscore(x)
            np.testing.assert_allclose(zscore[known], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("n", [7, 24, 500])
def test_the_order_of_symbols_changes_nothing(n: int) -> None:
    values, present = minute(1, n)
    order = np.random.default_rng(2).permutation(n)
    assert stand(values[order], present[order]).tobytes() == stand(values, present)[order].tobytes()


def test_alone_equal_and_absent() -> None:
    values, present = np.full((3, K), 0.1), np.array([True, False, True])
    np.testing.assert_array_equal(stand(values, present)[[0, 2]], np.tile([0.5, 0.0], (2, K)))
    np.testing.assert_array_equal(stand(values[:1], present[:1]), np.tile([0.5, 0.0], (1, K)))
    assert np.isnan(stand(values, np.zeros(3, np.bool_))).all()
    values[0] = np.nextafter(0.1, 1)  # rounding is no difference
    np.testing.assert_array_equal(stand(values, present)[:, 1::2], [[0.0] * K, [np.nan] * K, [0.0] * K])


def test_features_describe_two_columns_a_source() -> None:
    sources = {name: Feature(name, "x", "fraction", ("close",), 7 + i, True) for i, name in enumerate(cross_section.SOURCES)}
    made = cross_section.features(sources)
    assert [f.name for f in made] == [f"{kind}_{name}" for name in cross_section.SOURCES for kind in ("rank", "zscore")]
    assert [f.warm_up_bars for f in made] == [7 + i // 2 for i in range(2 * K)]
    with pytest.raises(KeyError):
        cross_section.features({})


def test_the_whole_market_is_ranked_in_a_few_milliseconds() -> None:
    values, present = minute(5, 11_000)
    stand(values, present)
    best = np.inf
    for _ in range(5):
        began = time.perf_counter()
        stand(values, present)
        best = min(best, time.perf_counter() - began)
    assert best < 0.05  # 20 ms is the aim; a busy machine gets time
