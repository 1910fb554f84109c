"""Price family: the contract, and every column against pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.unit.features.family import CHECKS, agree, run
from tests.unit.features.hostile import hostile, walk
from tradebot.core.features import price

ORDINARY = ("walk", "gaps overnight", "minutes missing", "one print a minute", "split by twenty", "stale", "always down")


@pytest.mark.parametrize("check", CHECKS)
def test_contract(check) -> None:
    check(price)


@pytest.mark.parametrize("bars", [b for b in hostile() if b.name in ORDINARY], ids=lambda b: b.name)
def test_values_agree_with_pandas(bars) -> None:
    d = bars.frame()
    o, h, l, c, day = d.open, d.high, d.low, d.close, d.session
    size = (h - l).where(h > l)
    typical = (h + l + c) / 3
    expected = {
        "open": o, "high": h, "low": l, "close": c, "volume": d.volume, "typical_price": typical,
        "open_rel": o / c - 1, "high_rel": h / c - 1, "low_rel": l / c - 1, "typical_rel": typical / c - 1,
        "return_1m": np.log(c / c.shift()), "price_change": c.pct_change(),
        "log_return_5m": np.log(c / c.shift(5)), "log_return_15m": np.log(c / c.shift(15)),
        "gap_rel": o / c.shift() - 1, "range_rel": (h - l) / c,
        "body_share": ((c - o) / size).fillna(0), "upper_shadow_share": ((h - np.maximum(o, c)) / size).fillna(0),
        "lower_shadow_share": ((np.minimum(o, c) - l) / size).fillna(0), "close_location": ((2 * c - h - l) / size).fillna(0),
        "sma_3": c.rolling(3).mean(), "sma_10": c.rolling(10).mean(),
        "trend_3_10": (c.rolling(3).mean() - c.rolling(10).mean()) / c.rolling(10).mean(),
        "bar_streak": _streaks(c),
        "session_open_distance": c / o.groupby(day).transform("first") - 1,
        "session_high_distance": c / h.groupby(day).cummax() - 1,
        "session_low_distance": c / l.groupby(day).cummin() - 1,
        "session_position": _position(c, h.groupby(day).cummax(), l.groupby(day).cummin()),
    }  # fmt: skip
    for n in (1, 3, 5, 15, 30, 60):
        expected[f"price_change_{n}m"] = c.pct_change(n)
    for n in (20, 60):
        expected[f"price_position_{n}"] = _position(c, h.rolling(n).max(), l.rolling(n).min())
    assert set(expected) == {f.name for f in price.FEATURES}
    agree(price, bars, expected)


def _position(c: pd.Series, high: pd.Series, low: pd.Series) -> pd.Series:
    return ((c - low) / (high - low)).where(high != low, 0.5)


def _streaks(c: pd.Series) -> pd.Series:
    sign = np.sign(c.diff()).fillna(0)
    run_of = (sign != sign.shift()).cumsum()
    return (sign * (sign.groupby(run_of).cumcount() + 1)).clip(-60, 60)


def test_a_constant_price_gives_the_neutral_values() -> None:
    flat = next(b for b in hostile() if b.name == "constant")
    got = run(price, flat)
    for name in ("body_share", "close_location", "trend_3_10", "bar_streak", "session_high_distance", "price_change_60m", "return_1m"):
        assert set(got[name][60:]) == {0.0}, name
    assert set(got["price_position_60"][60:]) == set(got["session_position"]) == {0.5}


def test_a_worked_example() -> None:
    """Bar 2: 10.00 10.40 9.90 10.30 after a close of 10.10 and session high 10.20, low 10.00 (opened at 10.00)."""
    bars = walk(sessions=1, minutes=2)
    bars.rows[0, :4] = 10.00, 10.20, 10.00, 10.10
    bars.rows[1, :4] = 10.00, 10.40, 9.90, 10.30
    got = {name: values[1] for name, values in run(price, bars).items()}
    assert got["body_share"] == pytest.approx(0.3 / 0.5)
    assert got["upper_shadow_share"] == pytest.approx(0.1 / 0.5)
    assert got["lower_shadow_share"] == pytest.approx(0.1 / 0.5)
    assert got["gap_rel"] == pytest.approx(10.00 / 10.10 - 1)
    assert got["session_open_distance"] == pytest.approx(0.03)
    assert got["session_position"] == pytest.approx(0.4 / 0.5)
