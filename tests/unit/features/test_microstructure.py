"""Microstructure family: the contract, every column against plain code of the published formula, and spreads that are known."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.unit.features.family import CHECKS, agree, run
from tests.unit.features.hostile import bars as made
from tests.unit.features.hostile import hostile
from tradebot.core.features import microstructure

ORDINARY = ("walk", "gaps overnight", "minutes missing", "one print a minute", "heavy volume", "stale")


@pytest.mark.parametrize("check", CHECKS)
def test_contract(check) -> None:
    check(microstructure)


@pytest.mark.parametrize("bars", [b for b in hostile() if b.name in ORDINARY], ids=lambda b: b.name)
def test_values_agree_with_plain_code(bars) -> None:
    d = bars.frame()
    h, l, c, v = d.high, d.low, d.close, d.volume
    dc = c.diff()
    kyle = (dc.abs() / v).where(v > 0, 0.0).where(dc.notna())

    def mean(x, n=20):
        return x.rolling(n).apply(np.mean, raw=True)

    slope = windows(regression, 60, dc, np.sign(dc) * v)
    sigma = dc.rolling(60).apply(lambda x: x.std(ddof=1) if np.ptp(x) > 0 else np.nan, raw=True)
    bought = pd.Series(stats.norm.cdf(dc / sigma)).where(sigma.notna(), 0.5)
    m = (np.log(h) + np.log(l)) / 2
    product = 4 * (np.log(c) - m).shift() * (np.log(c).shift() - m)
    traded = v.rolling(50).sum()
    expected = {
        "kyle_lambda": kyle, "amihud_illiquidity": mean(kyle),
        "amihud_return_20": mean((c.pct_change().abs() / (c * v)).where(v > 0, 0.0).where(dc.notna())),
        "kyle_lambda_60": slope, "kyle_lambda_rel_60": slope * mean(v, 60) / c,
        "roll_spread_20": windows(roll, 20, dc) / c,
        "corwin_schultz_20": mean(corwin_schultz(d)),
        "abdi_ranaldo_20": np.sqrt(mean(product).clip(lower=0)),
        "bulk_buy_share": bought,
        "vpin_50": (v * (2 * bought - 1).abs()).rolling(50).sum() / traded,
        "net_buying_pressure": ((c - l) / (h - l)).where(h > l, 0.5),
        "order_flow_imbalance_20": (mean(tick_rule(dc) * v) / mean(v)).fillna(0.0),
    }  # fmt: skip
    assert set(expected) == {f.name for f in microstructure.FEATURES}
    agree(microstructure, bars, expected, rtol=1e-7, of_scale=1e-8)


def windows(f, n, *series):
    """`f` of the last `n` values of each series, NaN before there are so many."""
    arrays = [np.asarray(x, np.float64) for x in series]
    parts = [[a[t - n + 1 : t + 1] for a in arrays] for t in range(n - 1, len(arrays[0]))]
    return np.array([np.nan] * (n - 1) + [f(*p) if np.isfinite(p).all() else np.nan for p in parts])


def regression(y, x):
    return stats.linregress(x, y).slope if np.ptp(x) > 0 else 0.0


def roll(dc):
    cov = np.cov(dc[1:], dc[:-1])[0, 1]
    return 2 * math.sqrt(-cov) if cov < -1e-14 else 0.0


def tick_rule(dc):
    return np.sign(dc).replace(0.0, np.nan).ffill(limit=19).fillna(0.0)


def corwin_schultz(d):
    """The two-day spread of the paper, step by step, one pair at a time."""
    spreads = [np.nan]
    h, l, c = d.high.to_numpy(), d.low.to_numpy(), d.close.to_numpy()
    for t in range(1, len(h)):
        high, low = h[t], l[t]
        if low > c[t - 1]:
            high, low = high * c[t - 1] / low, c[t - 1]
        elif high < c[t - 1]:
            high, low = c[t - 1], low * c[t - 1] / high
        beta = math.log(high / low) ** 2 + math.log(h[t - 1] / l[t - 1]) ** 2
        gamma = math.log(max(high, h[t - 1]) / min(low, l[t - 1])) ** 2
        k = 3 - 2 * math.sqrt(2)
        alpha = (math.sqrt(2 * beta) - math.sqrt(beta)) / k - math.sqrt(gamma / k)
        spreads.append(max(0.0, 2 * (math.exp(alpha) - 1) / (1 + math.exp(alpha))))
    return pd.Series(spreads)


def test_a_bounce_between_bid_and_ask_is_the_spread() -> None:
    """Trades at 100 -/+ 0.05 by a fair coin: Roll's estimate finds 0.1 on average over windows, Abdi-Ranaldo too."""
    rng = np.random.default_rng(2)
    n, prints = 3000, 60
    path = 100 + 0.05 * rng.choice([-1, 1], (n, prints))
    bounced = made("bounce", path[:, 0], path.max(axis=1), path.min(axis=1), path[:, -1], np.full(n, 100.0), 300)
    got = run(microstructure, bounced)
    assert math.sqrt(np.nanmean(got["roll_spread_20"] ** 2)) == pytest.approx(0.1 / 100, rel=0.1)
    assert np.nanmean(got["abdi_ranaldo_20"]) == pytest.approx(0.1 / 100, rel=0.01)
    assert np.nanmean(got["corwin_schultz_20"]) == pytest.approx(0.1 / 100, rel=0.01)


def test_impact_is_found_again() -> None:
    """A price that moves by 1e-5 usd a signed share."""
    rng = np.random.default_rng(3)
    v = rng.integers(100, 2000, 600) * 10.0
    c = 50 + np.cumsum(1e-5 * v * rng.choice([-1, 1], 600))
    got = run(microstructure, made("impact", c, c, c, c, v, 300))
    np.testing.assert_allclose(got["kyle_lambda_60"][61:], 1e-5, rtol=1e-9)


def test_a_constant_price_gives_the_neutral_values() -> None:
    got = run(microstructure, next(b for b in hostile() if b.name == "constant"))
    half = {"bulk_buy_share", "net_buying_pressure"}
    for f in microstructure.FEATURES:
        assert set(got[f.name][f.warm_up_bars - 1 :]) == {0.5 if f.name in half else 0.0}, f.name
