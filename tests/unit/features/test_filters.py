"""Filters: the contract, recursions written out with logarithms of prices, and pandas for the moving averages."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.unit.features.family import CHECKS, agree, run
from tests.unit.features.hostile import Bars, hostile, walk
from tradebot.core.features import filters


@pytest.mark.parametrize("check", CHECKS)
def test_contract(check) -> None:
    check(filters)


def expected(bars: Bars) -> dict[str, np.ndarray]:
    """The docstring's formulas on log prices in percent, with a list where the step keeps a sum."""
    close = bars.frame()["close"]
    y = np.log(close.to_numpy())
    r = np.diff(y, prepend=y[0])
    long_run = pd.Series(r**2).rolling(240, min_periods=1).sum().to_numpy() / 240
    n = len(r)
    v, surprise, level, innovation, gain = (np.zeros(n) for _ in range(5))
    forecast, covariance, x = 0.0, 0.0, 100 * y[0]
    mean_5, mean_60 = np.zeros(n), np.zeros(n)
    for t in range(n):
        with np.errstate(divide="ignore", invalid="ignore"):
            surprise[t] = np.clip(r[t] / np.sqrt(forecast), -20, 20) if r[t] else 0.0
        forecast = 0.04 * long_run[t] + 0.06 * r[t] ** 2 + 0.90 * forecast
        v[t] = forecast
        path = [forecast]
        for _ in range(59):
            path.append(0.04 * long_run[t] + 0.96 * path[-1])
        mean_5[t], mean_60[t] = np.mean(path[:5]), np.mean(path)
        covariance += max(long_run[t] * 1e4, 1e-4)
        gain[t] = covariance / (covariance + 0.01)
        innovation[t] = (100 * y[t] - x) / np.sqrt(covariance + 0.01)
        x += gain[t] * (100 * y[t] - x)
        covariance *= 1 - gain[t]
        level[t] = np.exp(x / 100)
    ema = {n: pd.Series(y).ewm(span=n, adjust=False).mean() for n in (8, 32)}
    return {
        "garch_volatility_1": np.sqrt(v),
        "garch_volatility_5": np.sqrt(mean_5),
        "garch_volatility_60": np.sqrt(mean_60),
        "garch_ratio": np.minimum(np.sqrt(v / np.where(long_run > 0, long_run, np.nan)), 10),
        "garch_surprise": surprise,
        "kalman_level": level,
        "kalman_level_deviation": close / level - 1,
        "kalman_innovation": innovation,
        "kalman_slope": pd.Series(np.log(level)).diff(5) / 5,
        "kalman_gain": gain,
        "ewma_trend_8_32": np.clip((ema[8] - ema[32]) / np.sqrt(long_run), -20, 20),
    }


@pytest.mark.parametrize("bars", [walk(), walk("dear", 8, usd=4e4, sigma=1e-4), *(b for b in hostile() if b.name == "gaps overnight")])
def test_filters_follow_their_formulas(bars: Bars) -> None:
    assert set(expected(bars)) == {f.name for f in filters.FEATURES}
    agree(filters, bars, expected(bars), rtol=1e-7, of_scale=1e-8)


def test_a_price_that_stands_still_is_neutral() -> None:
    flat = next(b for b in hostile() if b.name == "constant")
    columns = run(filters, flat)
    neutral = {"garch_ratio": 1.0, "kalman_level": 14.37, "kalman_gain": (np.sqrt(0.01 * 4.01) - 0.01) / 2}
    for name, values in columns.items():
        np.testing.assert_allclose(values[541:], neutral.get(name, 0.0), rtol=1e-12, err_msg=name)


def test_a_split_leaves_no_residue_in_the_long_run_variance() -> None:
    """240 bars after a tenfold price the mean square is that of the quiet bars, to the last digits."""
    bars = walk(sigma=1e-5, usd=1000.0)
    rows = bars.rows.copy()
    rows[: len(rows) // 3, 0:4] /= 10
    split = run(filters, Bars("split", rows))["garch_volatility_60"]
    np.testing.assert_allclose(split[1250:], run(filters, bars)["garch_volatility_60"][1250:], rtol=1e-9)
