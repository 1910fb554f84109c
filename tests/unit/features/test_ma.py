"""Moving averages: the contract, and every column against TA-Lib, pandas or numpy."""

from __future__ import annotations

import numpy as np
import pytest
import talib

from tests.unit.features.family import CHECKS, agree, run
from tests.unit.features.hostile import hostile
from tests.unit.features.unrounded import prices, unrounded
from tradebot.core.features import ma, ma_smoothed

ORDINARY = ("walk", "gaps overnight", "minutes missing", "seldom traded", "split times ten")


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("family", [ma, ma_smoothed], ids=["ma", "ma_smoothed"])
def test_contract(family, check) -> None:
    check(family)


@pytest.mark.parametrize("bars", [b for b in hostile() if b.name in ORDINARY], ids=lambda b: b.name)
def test_windows_agree_with_pandas(bars) -> None:
    d = bars.frame()
    c, r, v = d.close, np.log(d.close / d.close.shift()), d.volume

    def mean(n):
        return c.rolling(n).apply(np.mean, raw=True)

    spread = mean(2) / mean(8) - 1
    volume = v.rolling(20).sum()
    dollars = (c * v).rolling(20).apply(np.sum, raw=True)
    expected = {
        "vwma_20_rel": (dollars / volume / c - 1).where(volume > 0, 0.0),
        "ma_spread_2_8": spread, "ma_spread_2_8_prev": spread.shift(), "mean_deviation_8": c / mean(8) - 1,
        "linreg_slope_14": c.rolling(14).apply(lambda w: np.polyfit(np.arange(14), w, 1)[0], raw=True) / c,
        "linreg_slope_50": c.rolling(50).apply(lambda w: np.polyfit(np.arange(50), w, 1)[0], raw=True) / c,
        "linreg_r2_14": c.rolling(14).apply(lambda w: np.corrcoef(np.arange(14), w)[0, 1] ** 2, raw=True),
        "trend_direction_50": c.rolling(50).apply(lambda w: np.corrcoef(np.arange(50), w)[0, 1], raw=True),
    }  # fmt: skip
    for n in (5, 10, 20, 50):
        expected[f"sma_{n}_rel"] = mean(n) / c - 1
    for n in (5, 10, 20, 60):
        weights = np.exp(-0.1 * np.arange(n))[::-1]
        weights /= weights.sum()
        expected[f"vam_{n}"] = r.rolling(n).apply(lambda x, w=weights: w @ x / np.std(x, ddof=1), raw=True)
    assert set(expected) | {"wma_20_rel", "hull_16_rel"} == {f.name for f in ma.FEATURES}
    agree(ma, bars, expected, rtol=1e-8, of_scale=1e-9)


def test_windows_agree_with_talib() -> None:
    bars = unrounded()
    _, _, _, c, _ = prices(bars)
    hull = talib.WMA(2 * talib.WMA(c, 8) - talib.WMA(c, 16), 4)
    expected = {
        "sma_5_rel": talib.SMA(c, 5) / c - 1, "sma_50_rel": talib.SMA(c, 50) / c - 1, "wma_20_rel": talib.WMA(c, 20) / c - 1,
        "hull_16_rel": hull / c - 1, "linreg_slope_14": talib.LINEARREG_SLOPE(c, 14) / c,
        "linreg_slope_50": talib.LINEARREG_SLOPE(c, 50) / c,
    }  # fmt: skip
    agree(ma, bars, expected, rtol=1e-6, of_scale=1e-8)


def test_smoothed_averages_agree_with_talib() -> None:
    bars = unrounded(sessions=1, minutes=4000)  # one session: Kaufman's average, too, then runs through
    _, _, _, c, _ = prices(bars)
    ema = {n: talib.EMA(c, n) for n in (9, 21, 50)}
    expected = {
        "ema_9_rel": ema[9] / c - 1, "ema_21_rel": ema[21] / c - 1, "ema_50_rel": ema[50] / c - 1,
        "ema_spread_9_21": ema[9] / ema[21] - 1, "dema_20_rel": talib.DEMA(c, 20) / c - 1, "tema_20_rel": talib.TEMA(c, 20) / c - 1,
        "trix_15": talib.TRIX(c, 15) / 100,
        "efficiency_ratio_10": bars.frame().close.diff(10).abs() / bars.frame().close.diff().abs().rolling(10).sum(),
    }  # fmt: skip
    agree(ma_smoothed, bars, expected, rtol=1e-6, of_scale=1e-8)
    # Their starts differ by bars; Kaufman's slowest rate leaves something of that for long.
    settled = slice(3000, None)
    np.testing.assert_allclose(run(ma_smoothed, bars)["kama_10_rel"][settled], (talib.KAMA(c, 10) / c - 1)[settled], rtol=1e-6, atol=1e-9)


def test_kaufmans_average_starts_anew_at_each_session() -> None:
    bars = unrounded(sessions=3, minutes=390)
    c = prices(bars)[3]
    expected = np.empty(len(c))
    for start in bars.first_of_session():
        kama = c[start]
        for t in range(start, min(start + 390, len(c))):
            if t > start:
                past = c[max(start, t - 10) : t + 1]
                er = abs(past[-1] - past[0]) / np.abs(np.diff(past)).sum()
                kama += (er * (2 / 3 - 2 / 31) + 2 / 31) ** 2 * (c[t] - kama)
            expected[t] = kama / c[t] - 1
    agree(ma_smoothed, bars, {"kama_10_rel": expected})


def test_a_constant_price_is_its_own_average() -> None:
    bars = next(b for b in hostile() if b.name == "constant")
    for family in (ma, ma_smoothed):
        for name, values in run(family, bars).items():
            assert set(values[~np.isnan(values)]) == {0.0}, name


def test_volatility_adjusted_momentum_by_hand() -> None:
    """Returns 1 %, 2 %, 3 %, 4 %, 5 % (logarithmic): weights exp(-0.1 i) from the newest, std of 1..5 is sqrt(2.5)."""
    bars = unrounded(sessions=1, minutes=40)
    bars.rows[-6:, :4] = 14.0 * np.exp(np.cumsum([0.0, 0.01, 0.02, 0.03, 0.04, 0.05]))[:, None]
    weights = [1.0, 0.904837418, 0.818730753, 0.740818221, 0.670320046]
    weighted = sum(w * r for w, r in zip(weights, (5, 4, 3, 2, 1), strict=True)) / sum(weights)
    assert run(ma, bars)["vam_5"][-1] == pytest.approx(weighted / 2.5**0.5, rel=1e-8)
