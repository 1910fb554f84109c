"""Candlestick patterns: the contract, TA-Lib bar for bar, and the two that it lacks by hand."""

from __future__ import annotations

import numpy as np
import pytest
import talib

from tests.unit.features.family import CHECKS, run
from tests.unit.features.hostile import hostile
from tests.unit.features.unrounded import prices, unrounded
from tradebot.core.features import candles

OPENS_AS_IT_LIKES = 0.7  # share of a bar's spread by which its open may jump: gaps and long bodies, which a smooth walk lacks


@pytest.mark.parametrize("check", CHECKS)
def test_contract(check) -> None:
    check(candles)


def restless(seed: int):
    """Bars of all sizes that gap: every pattern occurs."""
    bars = unrounded(seed, sessions=60)
    rng = np.random.default_rng(seed)
    n = len(bars)
    scale = 0.01 * np.exp(rng.normal(0, 0.8, n))
    body = scale * rng.choice([1.0, -1.0], n) * rng.choice([1.0, 1.0, 0.05], n)
    gap = 0.01 * rng.normal(0, 1.0, n) * (rng.random(n) < OPENS_AS_IT_LIKES)
    # Some runs of one colour that open within the body before: soldiers and crows.
    run_of = rng.random(n) < 0.3
    close, open_ = np.empty(n), np.empty(n)
    last_open, last = 14.0, 14.0
    for t in range(n):
        if run_of[t]:
            body[t] = np.sign(last - last_open) * abs(body[t])
            open_[t] = last - rng.uniform(0, 1) * (last - last_open)
        else:
            open_[t] = last + gap[t] + 0.002 * (14.0 - last)
        close[t] = open_[t] + body[t]
        last_open, last = open_[t], close[t]
    shadow = 0.004 * np.exp(rng.normal(0, 1.5, (2, n))) * rng.choice([0.02, 1.0, 3.0], (2, n))
    rows = bars.rows
    rows[:, 0], rows[:, 3] = open_, close
    rows[:, 1], rows[:, 2] = np.maximum(open_, close) + shadow[0], np.minimum(open_, close) - shadow[1]
    assert rows[:, 2].min() > 1
    return bars


TALIB = {
    "doji": (talib.CDLDOJI,), "doji_lean": (talib.CDLDRAGONFLYDOJI, lambda *p: -talib.CDLGRAVESTONEDOJI(*p)),
    "marubozu": (talib.CDLMARUBOZU,), "belt_hold": (talib.CDLBELTHOLD,), "spinning_top": (talib.CDLSPINNINGTOP,),
    "hammer": (talib.CDLHAMMER,), "hanging_man": (talib.CDLHANGINGMAN,), "inverted_hammer": (talib.CDLINVERTEDHAMMER,),
    "shooting_star": (talib.CDLSHOOTINGSTAR,), "engulfing": (talib.CDLENGULFING,), "harami": (talib.CDLHARAMI,),
    "star": (talib.CDLMORNINGSTAR, talib.CDLEVENINGSTAR), "soldiers_crows": (talib.CDL3WHITESOLDIERS, talib.CDL3BLACKCROWS),
    "three_inside": (talib.CDL3INSIDE,), "three_outside": (talib.CDL3OUTSIDE,),
    "piercing_cloud": (talib.CDLPIERCING, lambda *p: talib.CDLDARKCLOUDCOVER(*p, penetration=0.5)),
}  # fmt: skip
BY_HAND = {"inside_bar", "outside_bar"}


def test_every_pattern_is_compared() -> None:
    assert {f"candle_{name}" for name in set(TALIB) | BY_HAND} == {f.name for f in candles.FEATURES}


@pytest.mark.parametrize("seed", [1, 2])
def test_patterns_are_those_of_talib(seed) -> None:
    bars = restless(seed)
    o, h, l, c, _ = prices(bars)
    got = run(candles, bars)
    for name, functions in TALIB.items():
        theirs = sum(np.sign(f(o, h, l, c)) for f in functions)
        ours = got[f"candle_{name}"]
        settled = slice(20, None)
        assert np.abs(theirs[settled]).sum() >= 5, f"{name} hardly occurs"
        np.testing.assert_array_equal(ours[settled], theirs[settled], err_msg=name)
        for side in {np.sign(f(o, h, l, c)).max() for f in functions} | {np.sign(f(o, h, l, c)).min() for f in functions}:
            assert (ours == side).any(), f"{name} never {side}"


def test_inside_and_outside_bars_by_hand() -> None:
    bars = unrounded(sessions=1, minutes=30)
    bars.rows[-4:, :4] = [[10.0, 12.0, 9.0, 11.0], [10.5, 11.5, 9.5, 10.0], [10.0, 12.5, 9.0, 12.0], [10.0, 12.5, 9.5, 11.0]]
    got = run(candles, bars)
    assert got["candle_inside_bar"][-3:].tolist() == [1.0, 0.0, 0.0]  # an equal high is not inside
    assert got["candle_outside_bar"][-3:].tolist() == [0.0, 1.0, 0.0]


def test_ties_on_the_price_grid_do_not_depend_on_the_price_level() -> None:
    """Bodies of exactly a tenth of the mean range are dojis at every level, whatever the rounding of the sums."""
    bars = next(b for b in hostile() if b.name == "constant")
    bars.rows[:, :4] = [14.0, 14.2, 13.8, 14.04]  # body 0.04 = 0.1 * 0.4
    for factor in (0.1, 1.0, 3.0, 10.0, 1000.0):
        assert set(run(candles, bars.priced(factor))["candle_doji"][10:]) == {1.0}, factor
