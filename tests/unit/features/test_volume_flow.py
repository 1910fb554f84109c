"""Volume flow family: the contract, and every column against pandas or TA-Lib."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import talib

from tests.unit.features.family import CHECKS, agree, run
from tests.unit.features.hostile import hostile, walk
from tradebot.core.features import volume_flow

ORDINARY = ("walk", "gaps overnight", "minutes missing", "one print a minute", "heavy volume")


@pytest.mark.parametrize("check", CHECKS)
def test_contract(check) -> None:
    check(volume_flow)


@pytest.mark.parametrize("bars", [b for b in hostile() if b.name in ORDINARY], ids=lambda b: b.name)
def test_values_agree_with_pandas(bars) -> None:
    d = bars.frame()
    o, h, l, c, v, day = d.open, d.high, d.low, d.close, d.volume, d.session
    first = day != day.shift()
    before = c.shift().where(~first, o)
    clv = ((2 * c - h - l) / (h - l)).where(h > l, 0.0)
    q = np.log(c / c.shift())

    def by_session(x):
        return x.groupby(day).cumsum()

    def total(x, n):
        return x.rolling(n).apply(np.sum, raw=True)

    traded = by_session(v).where(by_session(v) > 0)
    ease = ((h + l).diff() / 2 * (h - l) / (c**2 * v)).where(v > 0, 0.0)
    expected = {
        "session_obv": (by_session(np.sign(c - before) * v) / traded).fillna(0.0),
        "session_accumulation": (by_session(clv * v) / traded).fillna(0.0),
        "session_volume_price_trend": (by_session((c / before - 1) * v) / traded).fillna(0.0),
        "session_positive_volume_return": by_session(q.where((v > v.shift()) & ~first, 0.0)),
        "session_negative_volume_return": by_session(q.where((v < v.shift()) & ~first, 0.0)),
        "money_flow_20": total(clv * v, 20) / total(v, 20),
        "up_volume_share_20": total(v * (1 + np.sign(c.diff())) / 2, 20) / total(v, 20),
        "force_index_13": total(c.diff() * v, 13) / total(v, 13) / c,
        "ease_of_movement_14": total(ease, 14) / 14 * total(v, 14) / 14,
    }  # fmt: skip
    assert set(expected) == {f.name for f in volume_flow.FEATURES}
    agree(volume_flow, bars, expected)


def test_obv_and_the_ad_line_are_those_of_talib_within_a_session() -> None:
    bars = walk(sessions=1)
    d = bars.frame()
    h, l, c, v = (d[x].to_numpy() for x in ("high", "low", "close", "volume"))
    traded = pd.Series(v).cumsum()
    got = run(volume_flow, bars)
    first = np.sign(c[0] - d.open[0]) * v[0] - v[0]  # TA-Lib counts the whole first bar as bought
    np.testing.assert_allclose(got["session_obv"][1:], ((talib.OBV(c, v) + first) / traded)[1:], atol=1e-12)
    np.testing.assert_allclose(got["session_accumulation"][1:], (talib.AD(h, l, c, v) / traded)[1:], atol=1e-12)


def test_without_volume_every_column_is_neutral() -> None:
    got = run(volume_flow, next(b for b in hostile() if b.name == "no volume"))
    for f in volume_flow.FEATURES:
        assert set(got[f.name][f.warm_up_bars - 1 :]) == {0.5 if f.name == "up_volume_share_20" else 0.0}, f.name
