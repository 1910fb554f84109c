"""Volume family: the contract, and every column against pandas."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.features.family import CHECKS, agree, run
from tests.unit.features.hostile import hostile
from tradebot.core.features import volume

ORDINARY = ("walk", "gaps overnight", "minutes missing", "one print a minute", "heavy volume")


@pytest.mark.parametrize("check", CHECKS)
def test_contract(check) -> None:
    check(volume)


@pytest.mark.parametrize("bars", [b for b in hostile() if b.name in ORDINARY], ids=lambda b: b.name)
def test_values_agree_with_pandas(bars) -> None:
    d = bars.frame()
    v, c, r = d.volume, d.close, d.close.pct_change()
    mean = {n: v.rolling(n).mean() for n in (10, 20, 50)}
    std = v.rolling(20).std()
    day = d.groupby("session").volume
    traded = (day.cumsum() / (day.cumcount() + 1)).where(day.cumsum() > 0)
    expected = {
        "volume_ratio_ema20": v / v.ewm(span=20, adjust=False).mean(), "volume_ratio": v / mean[10],
        "volume_imbalance": (v - mean[20]) / mean[20], "volume_change": (v.pct_change().where(v.shift() > 0, 0.0)),
        "volume_ratio_10_50": mean[10] / mean[50], "volume_zscore_20": (v - mean[20]) / std, "volume_variation_20": std / mean[20],
        "volume_slope_20": v.rolling(20).apply(lambda x: np.polyfit(np.arange(20), x, 1)[0], raw=True) / mean[20],
        "volume_percentile_60": v.rolling(60).apply(lambda x: 100 * np.mean(x <= x[-1]), raw=True),
        "zero_volume_share_20": (v == 0).rolling(20).mean(), "dollar_volume_log": np.log1p((d.high + d.low + c) / 3 * v),
        "relative_volume_session": (v / traded).fillna(1.0),
        "price_volume_correlation_20": correlation(c, v), "return_volume_correlation_20": correlation(r, v),
    }  # fmt: skip
    assert set(expected) == {f.name for f in volume.FEATURES}
    agree(volume, bars, expected, rtol=1e-8, of_scale=1e-8)


def correlation(x, v):
    return np.array([np.nan] * 19 + [np.corrcoef(x[t - 19 : t + 1], v[t - 19 : t + 1])[0, 1] for t in range(19, len(x))])


def test_without_volume_every_column_is_neutral() -> None:
    got = run(volume, next(b for b in hostile() if b.name == "no volume"))
    neutral = {"volume_ratio_ema20": 1.0, "volume_ratio": 1.0, "volume_ratio_10_50": 1.0, "relative_volume_session": 1.0,
               "volume_percentile_60": 100.0, "zero_volume_share_20": 1.0}  # fmt: skip
    for f in volume.FEATURES:
        assert set(got[f.name][f.warm_up_bars - 1 :]) == {neutral.get(f.name, 0.0)}, f.name
