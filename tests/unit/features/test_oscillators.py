"""Oscillators: the contract, and every column against TA-Lib or pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import talib

from tests.unit.features.family import CHECKS, agree, run
from tests.unit.features.hostile import hostile
from tests.unit.features.unrounded import prices, unrounded
from tradebot.core.features import oscillators, oscillators_range, oscillators_smoothed

FAMILIES = (oscillators, oscillators_range, oscillators_smoothed)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("family", FAMILIES, ids=["finite", "range", "smoothed"])
def test_contract(family, check) -> None:
    check(family)


@pytest.mark.parametrize("seed", [1, 2])
def test_finite_windows_agree_with_talib_and_pandas(seed) -> None:
    bars = unrounded(seed)
    o, h, l, c, v = prices(bars)
    d = bars.frame()
    change, middle = d.close.diff(), (d.high + d.low) / 2
    up, down = change.clip(lower=0).rolling(14).apply(np.sum, raw=True), (-change.clip(upper=0)).rolling(14).apply(np.sum, raw=True)
    expected = {
        "cci_20": talib.CCI(h, l, c, 20), "mfi_14": talib.MFI(h, l, c, v, 14), "cmo_14": 100 * (up - down) / (up + down),
        "awesome_rel": (middle.rolling(5).mean() - middle.rolling(34).mean()) / c,
        "balance_of_power_14": talib.SMA(talib.BOP(o, h, l, c), 14),
        "detrended_price_20": (d.close.shift(11) - talib.SMA(c, 20)) / c,
        "coppock_rel": talib.WMA(talib.ROC(c, 14) + talib.ROC(c, 11), 10) / 100,
    }  # fmt: skip
    assert set(expected) == {f.name for f in oscillators.FEATURES}
    agree(oscillators, bars, expected, rtol=1e-6, of_scale=1e-9)


@pytest.mark.parametrize("seed", [1, 2])
def test_ranges_agree_with_talib_and_pandas(seed) -> None:
    bars = unrounded(seed)
    _, h, l, c, _ = prices(bars)
    d = bars.frame()
    slow_k = talib.STOCH(h, l, c, fastk_period=14, slowk_period=3, slowd_period=1)[0]
    slow_d = talib.STOCH(h, l, c, fastk_period=14, slowk_period=3, slowd_period=3)[1]
    ranges = pd.Series(talib.TRANGE(h, l, c)).rolling(14).sum()
    spread = d.high.rolling(14).max() - d.low.rolling(14).min()
    expected = {
        "stoch_fast_k_14": talib.STOCHF(h, l, c, fastk_period=14, fastd_period=1)[0], "stoch_k_14": slow_k, "stoch_d_14": slow_d,
        "williams_r_14": talib.WILLR(h, l, c, 14), "ultimate_7_14_28": talib.ULTOSC(h, l, c, 7, 14, 28),
        "choppiness_14": (100 * np.log10(ranges / spread) / np.log10(14)).clip(0, 100),
        "vortex_plus_14": (d.high - d.low.shift()).abs().rolling(14).sum() / ranges,
        "vortex_minus_14": (d.low - d.high.shift()).abs().rolling(14).sum() / ranges,
    }  # fmt: skip
    assert set(expected) == {f.name for f in oscillators_range.FEATURES}
    agree(oscillators_range, bars, expected, rtol=1e-6, of_scale=1e-9)


@pytest.mark.parametrize("seed", [1, 2])
def test_smoothed_ones_agree_with_talib_and_pandas(seed) -> None:
    bars = unrounded(seed)
    _, h, l, c, _ = prices(bars)
    x = bars.frame().close.diff().fillna(0.0)

    def twice(s):
        return s.ewm(span=25, adjust=False).mean().ewm(span=13, adjust=False).mean()

    ema = talib.EMA(c, 13)
    expected = {
        "rsi_7": talib.RSI(c, 7), "rsi_14": talib.RSI(c, 14), "stochrsi_14": talib.STOCHRSI(c, 14, fastk_period=14)[0],
        "tsi_25_13": 100 * twice(x) / twice(x.abs()), "elder_bull_13": (h - ema) / c, "elder_bear_13": (l - ema) / c,
        "fisher_10": _fisher((h + l) / 2),
    }  # fmt: skip
    assert set(expected) == {f.name for f in oscillators_smoothed.FEATURES}
    agree(oscillators_smoothed, bars, expected, rtol=1e-6, of_scale=1e-8)


def _fisher(m: np.ndarray) -> np.ndarray:
    """Ehlers's easy-language listing: Value1 = .33 * 2 * (place - .5) + .67 * Value1[1], Fish = .5 * log(...) + .5 * Fish[1]."""
    fish = np.zeros(len(m))
    value = 0.0
    for t in range(1, len(m)):
        past = m[max(0, t - 9) : t + 1]
        place = (m[t] - past.min()) / (past.max() - past.min())
        value = np.clip(0.33 * 2 * (place - 0.5) + 0.67 * value, -0.999, 0.999)
        fish[t] = 0.5 * np.log((1 + value) / (1 - value)) + 0.5 * fish[t - 1]
    return fish


def test_a_constant_price_gives_the_neutral_values() -> None:
    bars = next(b for b in hostile() if b.name == "constant")
    neutral = {
        "mfi_14": 50.0, "stoch_fast_k_14": 50.0, "stoch_k_14": 50.0, "stoch_d_14": 50.0, "williams_r_14": -50.0, "choppiness_14": 100.0,
        "ultimate_7_14_28": 50.0, "vortex_plus_14": 1.0, "vortex_minus_14": 1.0, "rsi_7": 50.0, "rsi_14": 50.0, "stochrsi_14": 50.0,
    }  # fmt: skip
    for family in FAMILIES:
        for name, values in run(family, bars).items():
            assert set(values[~np.isnan(values)]) == {neutral.get(name, 0.0)}, name


def test_rsi_of_a_price_that_stands_still_for_hours_is_neutral() -> None:
    bars = unrounded(sessions=4)
    bars.rows[600:, :4] = 14.0
    got = run(oscillators_smoothed, bars)
    assert set(got["rsi_14"][1100:]) == {50.0}
    assert set(got["tsi_25_13"][1200:]) == {0.0}
    assert set(got["stochrsi_14"][1200:]) == {50.0}


def test_money_flow_ends_are_exact() -> None:
    """Only rising typical prices give 100, only falling ones 0, no volume 50."""
    for name, value in (("always up", 100.0), ("always down", 0.0), ("no volume", 50.0)):
        got = run(oscillators, next(b for b in hostile() if b.name == name))["mfi_14"]
        traded = bars_with_volume(name)
        assert set(got[14:][traded[14:]]) == {value}, name


def bars_with_volume(name: str) -> np.ndarray:
    """Where some share was traded within 14 bars, or none ever is."""
    v = next(b for b in hostile() if b.name == name).frame().volume
    return ((v.rolling(14).sum() > 0) | (v.sum() == 0)).to_numpy()
