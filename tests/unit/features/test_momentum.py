"""Momentum family: the contract, and every column against TA-Lib or pandas."""

from __future__ import annotations

import numpy as np
import pytest
import talib

from tests.unit.features.family import CHECKS, agree, run
from tests.unit.features.hostile import hostile, walk
from tradebot.core.features import momentum

ORDINARY = ("walk", "gaps overnight", "minutes missing", "few minutes", "one print a minute", "split by twenty", "stale", "always down")


@pytest.mark.parametrize("check", CHECKS)
def test_contract(check) -> None:
    check(momentum)


@pytest.mark.parametrize("bars", [b for b in hostile() if b.name in ORDINARY], ids=lambda b: b.name)
def test_values_agree_with_talib_and_pandas(bars) -> None:
    d = bars.frame()
    c = d.close
    r, m5 = c.pct_change(), c.pct_change(5)
    span = d.high.rolling(11).max() - d.low.rolling(11).min()
    early = (d.minute - d.session) < 30
    half_hour = (c / d.open.groupby(d.session).transform("first") - 1).where(early)
    expected = {
        "momentum_acceleration": m5.diff(), "momentum_change_5": m5 - m5.shift(5),
        "momentum_10": talib.MOM(c.to_numpy(), 10), "rate_of_change_10": talib.ROC(c.to_numpy(), 10),
        "momentum_skip_15": c.shift(1) / c.shift(15) - 1,
        "linear_momentum_15": np.append(np.nan, talib.WMA(r.to_numpy()[1:], 15)),
        "range_momentum_10": ((c - c.shift(10)) / span).where(span > 0, 0.0),
        "up_share_20": ((r > 0) + 0.5 * (r == 0)).rolling(20).mean(),
        "information_discreteness_60": np.sign(c - c.shift(60)) * ((r < 0).rolling(60).mean() - (r > 0).rolling(60).mean()),
        "first_half_hour_return": half_hour.groupby(d.session).ffill().fillna(0.0),
    }  # fmt: skip
    for n in (1, 3, 5, 15, 30, 60):
        expected[f"momentum_{n}m"] = c.pct_change(n)
    assert set(expected) == {f.name for f in momentum.FEATURES}
    agree(momentum, bars, expected)


def test_a_steady_climb_is_continuous_information_and_one_jump_is_not() -> None:
    climb = next(b for b in hostile() if b.name == "always up")
    assert set(run(momentum, climb)["information_discreteness_60"][60:]) == {-1.0}
    jump = walk(sessions=1, minutes=62)
    jump.rows[:, :4] = 10.0
    jump.rows[61, :4] = 11.0
    assert run(momentum, jump)["information_discreteness_60"][61] == pytest.approx(-1 / 60)


def test_the_first_half_hour_is_held_to_the_close() -> None:
    bars = walk(sessions=2, minutes=100)
    held = run(momentum, bars)["first_half_hour_return"]
    assert len(set(held[29:100])) == 1
    assert held[29] == pytest.approx(bars.rows[29, 3] / bars.rows[0, 0] - 1)
    assert held[100] == pytest.approx(bars.rows[100, 3] / bars.rows[100, 0] - 1)
