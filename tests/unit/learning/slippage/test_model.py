"""The slippage model: exact against a direct solution, the prior without fills, the truth with many."""

from __future__ import annotations

import numpy as np
import pytest

from tradebot.learning.slippage.model import Prior, fit_slippage, time_of_day

PRIOR = Prior(half_spread_bps=1.0, half_spread_sd_bps=1.0, impact_y=0.7, impact_y_sd=0.3)


def drawn(fills: int, half_spread_bps: float, y: float, seed: int) -> tuple[list[tuple[str, str]], np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 20, fills)
    return [("AAA", "mid")] * fills, half_spread_bps + y * x + rng.normal(0, 2.0, fills), x


def test_without_fills_the_prior_stands() -> None:
    model = fit_slippage([], np.zeros(0), np.zeros(0), PRIOR)
    assert (model.buckets, model.impact_y, model.fills) == ((), 0.7, 0)
    assert model.impact_y_sd == pytest.approx(0.3)


def test_many_fills_find_the_truth() -> None:
    model = fit_slippage(*drawn(4_000, 3.0, 0.4, seed=7), PRIOR)
    (bucket,) = model.buckets
    assert bucket.half_spread_bps == pytest.approx(3.0, abs=4 * bucket.sd_bps)
    assert model.impact_y == pytest.approx(0.4, abs=4 * model.impact_y_sd)
    assert model.noise_bps == pytest.approx(2.0, rel=0.05)
    assert bucket.sd_bps < 0.1


def test_few_fills_stay_near_the_prior_and_more_of_them_leave_it() -> None:
    away = [abs(fit_slippage(*drawn(n, 5.0, 0.7, seed=3), PRIOR).buckets[0].half_spread_bps - 5.0) for n in (3, 30, 3_000)]
    assert away[0] > away[1] > away[2]
    assert fit_slippage(*drawn(1, 50.0, 0.7, seed=3), PRIOR).buckets[0].half_spread_bps < 26


def test_it_is_the_ridge_solution_with_the_noise_that_it_names() -> None:
    keys, cost, x = drawn(40, 2.0, 0.5, seed=11)
    model = fit_slippage(keys, cost, x, PRIOR)
    design, weight = np.column_stack([np.ones(40), x]), 1 / model.noise_bps**2
    precision = np.diag([1 / 1.0**2, 1 / 0.3**2])
    direct = np.linalg.solve(precision + weight * design.T @ design, precision @ [1.0, 0.7] + weight * design.T @ cost)
    assert [model.buckets[0].half_spread_bps, model.impact_y] == pytest.approx(list(direct), rel=1e-6)


def test_times_of_day() -> None:
    assert [time_of_day(i, 390) for i in (0, 29, 30, 359, 360, 389)] == ["open", "open", "mid", "mid", "close", "close"]
    assert time_of_day(185, 210) == "close"  # a half day
