"""Range and realised volatility: the contract, every column against pandas code of the published formula, and what they estimate."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.unit.features.family import CHECKS, agree, run
from tests.unit.features.hostile import bars as made
from tests.unit.features.hostile import hostile
from tradebot.core.features import volatility_range

ORDINARY = ("walk", "gaps overnight", "minutes missing", "split by twenty", "stale")


@pytest.mark.parametrize("check", CHECKS)
def test_contract(check) -> None:
    check(volatility_range)


@pytest.mark.parametrize("bars", [b for b in hostile() if b.name in ORDINARY], ids=lambda b: b.name)
def test_values_agree_with_pandas(bars) -> None:
    d = bars.frame()
    o, h, l, c = d.open, d.high, d.low, d.close

    def mean(x, n=20):  # anew for every window: pandas' running sums keep a residue of what has left
        return x.rolling(n).apply(np.mean, raw=True)

    def var(x):
        return x.rolling(20).apply(lambda w: w.var(ddof=1), raw=True)

    q, night, body = np.log(c / c.shift()), np.log(o / c.shift()), np.log(c / o)
    parkinson = np.sqrt(mean(np.log(h / l) ** 2) / (4 * math.log(2)))
    satchell = mean(np.log(h / c) * np.log(h / o) + np.log(l / c) * np.log(l / o)).clip(lower=0)
    klass = mean(0.5 * np.log(h / l) ** 2 - (2 * math.log(2) - 1) * body**2)
    k = 0.34 / (1.34 + (20 + 1) / (20 - 1))
    realized = mean(q**2, 60) * 60
    bipower = math.pi / 2 * mean(q.abs() * q.abs().shift(), 60) * 60
    first = d.session != d.session.shift()
    within = q.where(~first, body) ** 2
    expected = {
        "parkinson_20": parkinson, "parkinson_60": np.sqrt(mean(np.log(h / l) ** 2, 60) / (4 * math.log(2))),
        "garman_klass_20": np.sqrt(klass), "rogers_satchell_20": np.sqrt(satchell),
        "yang_zhang_20": np.sqrt(var(night) + k * var(body) + (1 - k) * satchell),
        "range_body_ratio_20": (parkinson / np.sqrt(mean(body**2))).where(mean(body**2) > 0, 1.0),
        "range_mean_20": mean((h - l) / c), "range_ratio_20": ((h - l) / c / mean((h - l) / c)).where(mean(h - l) > 0, 1.0),
        "realized_variance_15": mean(q**2, 15) * 15, "realized_variance_60": realized, "bipower_variation_60": bipower,
        "jump_share_60": (1 - bipower / realized).clip(lower=0).fillna(0.0),
        "ewma_volatility": np.sqrt((q**2).fillna(0.0).ewm(alpha=0.06, adjust=False).mean()),
        "session_volatility": np.sqrt(within.groupby(d.session).cumsum() / (d.groupby("session").cumcount() + 1)),
    }  # fmt: skip
    assert set(expected) == {f.name for f in volatility_range.FEATURES}
    agree(volatility_range, bars, expected, rtol=1e-8)


def test_a_constant_price_gives_the_neutral_values() -> None:
    got = run(volatility_range, next(b for b in hostile() if b.name == "constant"))
    for f in volatility_range.FEATURES:
        assert set(got[f.name][f.warm_up_bars - 1 :]) == {1.0 if "ratio" in f.name else 0.0}, f.name


def test_the_estimators_find_the_volatility_of_a_fine_walk() -> None:
    """Bars of 400 steps of a walk with 0.1% a bar: each estimator's mean lies within 6% of it (discrete extremes read a little low)."""
    rng = np.random.default_rng(4)
    n, steps, sigma = 1500, 400, 1e-3
    path = 50 * np.exp(np.cumsum(rng.normal(0, sigma / math.sqrt(steps), n * steps))).reshape(n, steps)
    open_ = np.append(50.0, path[:-1, -1])
    bars = made("fine", open_, path.max(axis=1), path.min(axis=1), path[:, -1], np.ones(n), 300)
    got = run(volatility_range, bars)
    for name in ("parkinson_20", "garman_klass_20", "rogers_satchell_20", "yang_zhang_20", "ewma_volatility", "session_volatility"):
        assert math.sqrt(np.nanmean(got[name] ** 2)) == pytest.approx(sigma, rel=0.06), name
    assert math.sqrt(np.nanmean(got["bipower_variation_60"]) / 60) == pytest.approx(sigma, rel=0.06)
    assert np.nanmean(got["range_body_ratio_20"]) == pytest.approx(1.0, abs=0.06)


def test_one_jump_is_most_of_the_jump_share() -> None:
    rng = np.random.default_rng(5)
    moves = rng.normal(0, 1e-4, 200)
    moves[150] = 0.02
    c = 100 * np.exp(np.cumsum(moves))
    share = run(volatility_range, made("jump", c, c, c, c, np.ones(200), 200))["jump_share_60"]
    assert share[140] < 0.5
    assert share[155] > 0.95
