"""The combination of strategies against scikit-learn's and scipy's answers, and in the plain cases by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls
from sklearn.covariance import LedoitWolf

from tradebot.core.portfolio.combination import combination, long_only, shares_among, shrunk_covariance, shrunk_mean


def returns(seed: int, sessions: int, strategies: int, drift: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    mixed = rng.normal(0.0, 0.01, (sessions, strategies)) @ rng.normal(0.0, 1.0, (strategies, strategies))
    return mixed + drift + rng.normal(0.0, 0.002, strategies)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(2, 80), st.integers(1, 9))
def test_the_covariance_is_ledoit_and_wolfs(seed: int, sessions: int, strategies: int) -> None:
    rows = returns(seed, sessions, strategies)
    ours, shrinkage = shrunk_covariance(rows)
    theirs = LedoitWolf().fit(rows)
    np.testing.assert_allclose(ours, theirs.covariance_, rtol=1e-9, atol=1e-15)
    assert strategies == 1 or shrinkage == pytest.approx(theirs.shrinkage_, abs=1e-9)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_long_only_is_non_negative_least_squares(seed: int, strategies: int) -> None:
    rng = np.random.default_rng(seed)
    root = rng.normal(0.0, 1.0, (strategies + 3, strategies))
    covariance, mean = root.T @ root, rng.normal(0.0, 1.0, strategies)
    lower = np.linalg.cholesky(covariance)
    best, _ = nnls(lower.T, np.linalg.solve(lower, mean))
    np.testing.assert_allclose(long_only(covariance, mean), best, rtol=1e-6, atol=1e-9)


def test_independent_strategies_get_mean_over_variance() -> None:
    covariance = np.diag([0.01, 0.04])
    np.testing.assert_allclose(long_only(covariance, np.array([0.02, 0.04])), [2.0, 1.0])
    np.testing.assert_allclose(long_only(covariance, np.array([0.02, -0.04])), [2.0, 0.0])
    assert long_only(covariance, np.array([-0.02, -0.04])).tolist() == [0.0, 0.0]


def test_a_mean_is_drawn_to_that_of_the_safest_mix() -> None:
    rows = returns(5, 60, 4)
    covariance, _ = shrunk_covariance(rows)
    inverse = np.linalg.inv(covariance)
    common = float(inverse.sum(axis=0) @ rows.mean(axis=0) / inverse.sum())
    off = rows.mean(axis=0) - common
    share = 6 / (6 + 60 * off @ inverse @ off)
    np.testing.assert_allclose(shrunk_mean(rows, covariance), (1 - share) * rows.mean(axis=0) + share * common)


@given(st.integers(0, 2**32 - 1), st.integers(10, 60), st.integers(1, 8))
def test_together_as_volatile_as_asked(seed: int, sessions: int, strategies: int) -> None:
    rows = returns(seed, sessions, strategies, drift=0.003)
    w = combination(rows, 0.15)
    assert (w >= 0.0).all()
    if w.any():
        assert math.sqrt(252 * float(w @ shrunk_covariance(rows)[0] @ w)) == pytest.approx(0.15, rel=1e-6)
        assert shares_among(rows).max() == 1.0


@pytest.mark.parametrize(
    "rows", [np.zeros((30, 3)), np.ones((1, 2)), np.full((30, 2), np.nan), np.zeros((0, 2)), -np.abs(returns(1, 30, 3))]
)
def test_nothing_to_tell_is_no_capital(rows: np.ndarray) -> None:
    assert not combination(rows, 0.15).any()
    assert not shares_among(rows).any()


def test_two_that_are_one_share_what_it_gets() -> None:
    one = returns(3, 60, 1, drift=0.01)
    w = combination(np.concatenate([one, one], axis=1), 0.15)
    assert w[0] == pytest.approx(w[1], rel=1e-3)
