"""Value at risk against what can be reckoned by hand, by simulation and from the definition."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pytest

from tradebot.core.risk.history import RiskHistory, estimate, weights_of
from tradebot.core.risk.value_at_risk import value_at_risk

Z99 = NormalDist().inv_cdf(0.99)


def history_of(returns: npt.NDArray[np.float64]) -> RiskHistory:
    variances, _, shrinkage = estimate(returns)
    return RiskHistory(returns=returns, variances=variances, shrinkage=shrinkage)


def test_nothing_held_risks_nothing() -> None:
    assert value_at_risk({}, RiskHistory(), 0.99, 0.05) == (0.0, 0.0)


def test_what_is_unknown_is_assumed_to_move_against_us_all_at_once() -> None:
    told = value_at_risk({0: 1_000_000, 1: -500_000, -1: 300_000}, RiskHistory(returns=np.zeros((5, 2))), 0.99, 0.05)
    assert told.parametric == told.historical == pytest.approx(Z99 * 0.05 * 1_800_000)


def test_one_symbol_is_its_own_deviation() -> None:
    returns = np.random.default_rng(1).normal(0, 0.02, (60, 1))
    told = value_at_risk({0: 1_000_000}, history_of(returns), 0.99, 0.05)
    assert told.parametric == pytest.approx(Z99 * 1_000_000 * math.sqrt(float(weights_of(60) @ returns[:, 0] ** 2)))
    assert told.historical == pytest.approx(-returns.min() * 1_000_000)  # 1 % of 60 sessions is less than one: the worst


def test_parametric_is_the_quadratic_form_of_the_shrunk_covariance() -> None:
    rng = np.random.default_rng(2)
    returns = rng.normal(0, 0.02, (40, 3)) + rng.normal(0, 0.02, (40, 1))
    history = history_of(returns)
    weights = weights_of(40)
    raw = (returns * weights[:, None]).T @ returns
    shrunk = (1 - history.shrinkage) * raw + history.shrinkage * np.diag(np.diag(raw))
    held = np.array([3e6, -1e6, 2e6])
    told = value_at_risk({n: int(units) for n, units in enumerate(held)}, history, 0.95, 0.05)
    assert told.parametric == pytest.approx(NormalDist().inv_cdf(0.95) * math.sqrt(held @ shrunk @ held))


def test_a_hedge_lowers_both_and_a_larger_position_raises_both() -> None:
    rng = np.random.default_rng(3)
    returns = np.repeat(rng.normal(0, 0.02, (60, 1)), 2, axis=1) + rng.normal(0, 0.001, (60, 2))
    history = history_of(returns)
    alone, hedged, double = (value_at_risk(v, history, 0.99, 0.05) for v in ({0: 10**6}, {0: 10**6, 1: -(10**6)}, {0: 2 * 10**6}))
    assert hedged.parametric < 0.5 * alone.parametric
    assert hedged.historical < 0.5 * alone.historical
    assert double.parametric == pytest.approx(2 * alone.parametric)
    assert double.historical == pytest.approx(2 * alone.historical)


def test_historical_is_the_loss_that_a_hundredth_of_the_sessions_exceeded() -> None:
    returns = -np.arange(60, dtype=float)[:, None] / 1000
    history = RiskHistory(returns=returns, variances=np.array([0.01]), shrinkage=0.0)
    assert value_at_risk({0: 1000}, history, 0.99, 0.05).historical == pytest.approx(59)
    assert value_at_risk({0: 1000}, history, 0.95, 0.05).historical == pytest.approx(56)  # three of sixty lost more
    assert value_at_risk({0: 1000}, history, 0.9, 0.05).historical == pytest.approx(53)
    assert value_at_risk({0: -1000}, history, 0.99, 0.05).historical == 0.0


def test_what_can_not_be_told_is_no_number() -> None:
    history = RiskHistory(returns=np.zeros((30, 1)), variances=np.array([math.nan]), shrinkage=0.5)
    assert math.isnan(value_at_risk({0: 1000}, history, 0.99, 0.05).parametric)
