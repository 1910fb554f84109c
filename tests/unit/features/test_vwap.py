"""VWAP family: the contract, and every column against pandas."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.features.family import CHECKS, agree, run
from tests.unit.features.hostile import hostile, walk
from tradebot.core.features import vwap

ORDINARY = ("walk", "gaps overnight", "minutes missing", "heavy volume", "split times ten", "always up")


@pytest.mark.parametrize("check", CHECKS)
def test_contract(check) -> None:
    check(vwap)


@pytest.mark.parametrize("bars", [b for b in hostile() if b.name in ORDINARY], ids=lambda b: b.name)
def test_values_agree_with_pandas(bars) -> None:
    d = bars.frame()
    c, v, day = d.close, d.volume, d.session
    typical = (d.high + d.low + c) / 3
    traded = v.groupby(day).cumsum()
    mean = ((typical * v).groupby(day).cumsum() / traded).where(traded > 0, typical)
    band = np.concatenate([_bands(typical[at].to_numpy(), v[at].to_numpy()) for at in d.groupby("session").groups.values()])
    twap = c.groupby(day).cumsum() / (c.groupby(day).cumcount() + 1)
    before = mean.groupby(day).shift(15)
    side = (1 + np.sign((c - mean).where((c - mean).abs() > 1e-12 * c, 0.0))) / 2
    rolling = {n: (typical * v).rolling(n).sum() / v.rolling(n).sum() for n in (20, 60)}
    z = ((c - mean) / np.where(band > 0, band, np.nan)).fillna(0.0)
    expected = {
        "vwap": mean, "vwap_deviation": (c - mean) / mean, "vwap_band_rel": band / mean,
        "vwap_zscore": z.where(traded > v),  # with one bar's volume there is no band
        "vwap_slope_15": mean / before.where(before.notna(), mean.groupby(day).transform("first")) - 1,
        "vwap_deviation_20": c / rolling[20] - 1, "vwap_deviation_60": c / rolling[60] - 1,
        "vwap_spread_20_60": rolling[20] / rolling[60] - 1,
        "twap_deviation": c / twap - 1, "vwap_twap_spread": mean / twap - 1,
        "above_vwap_share": side.groupby(day).cumsum() / (side.groupby(day).cumcount() + 1),
    }  # fmt: skip
    assert set(expected) == {f.name for f in vwap.FEATURES}
    got = run(vwap, bars)["vwap_zscore"]
    expected["vwap_zscore"] = np.where(traded > v, expected["vwap_zscore"], got)
    assert set(got[(traded == v).to_numpy()]) == {0.0}
    agree(vwap, bars, expected, rtol=1e-8)


def _bands(typical: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Each bar's band from the whole session before it, in two passes."""
    bands = np.zeros(len(v))
    for t in range(len(v)):
        p, w = typical[: t + 1], v[: t + 1]
        if w.sum() > 0:
            mean = np.average(p, weights=w)
            bands[t] = np.sqrt(np.average((p - mean) ** 2, weights=w))
    return bands


@pytest.mark.parametrize("name", ["constant", "constant, no volume"])
def test_a_constant_price_deviates_by_nothing(name: str) -> None:
    got = run(vwap, next(b for b in hostile() if b.name == name))
    for f in vwap.FEATURES[2:]:
        assert set(got[f.name][f.warm_up_bars - 1 :]) == {0.5 if f.name == "above_vwap_share" else 0.0}, f.name


def test_a_worked_example() -> None:
    """100 shares at 10, then 300 at 12, closing at 12: vwap 11.5, band sqrt((100 * 1.5^2 + 300 * 0.5^2) / 400)."""
    bars = walk(sessions=1, minutes=2)
    bars.rows[0, :5] = 10.0, 10.0, 10.0, 10.0, 100
    bars.rows[1, :5] = 12.0, 12.0, 12.0, 12.0, 300
    got = {name: values[1] for name, values in run(vwap, bars).items()}
    assert got["vwap"] == pytest.approx(11.5)
    assert got["vwap_zscore"] == pytest.approx(0.5 / 0.75**0.5)
    assert got["vwap_band_rel"] == pytest.approx(0.75**0.5 / 11.5)
    assert got["vwap_slope_15"] == pytest.approx(0.15)
    assert got["twap_deviation"] == pytest.approx(12 / 11 - 1)
    assert got["above_vwap_share"] == 0.75
