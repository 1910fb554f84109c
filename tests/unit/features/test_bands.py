"""Bands: the contract, and every column against TA-Lib, pandas or numpy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import talib

from tests.unit.features.family import CHECKS, agree, run
from tests.unit.features.hostile import hostile
from tests.unit.features.unrounded import prices, unrounded
from tradebot.core.features import bands


@pytest.mark.parametrize("check", CHECKS)
def test_contract(check) -> None:
    check(bands)


@pytest.mark.parametrize("seed", [1, 2])
def test_values_agree_with_talib_and_pandas(seed) -> None:
    bars = unrounded(seed)
    _, h, l, c, _ = prices(bars)
    close = bars.frame().close
    upper, middle, lower = talib.BBANDS(c, 20, 2, 2)
    std = close.rolling(20).apply(lambda w: np.std(w, ddof=1), raw=True)
    true_range = pd.Series(talib.TRANGE(h, l, c))
    squeezed = (2 * std * np.sqrt(19 / 20) < 1.5 * true_range.rolling(20).mean()).astype(float)
    true_range[0] = h[0] - l[0]
    atr = true_range.ewm(alpha=0.1, adjust=False).mean()
    line = talib.LINEARREG(c, 21)
    se = close.rolling(21).apply(_standard_error, raw=True)
    expected = {
        "zscore_20": (close - close.rolling(20).mean()) / std, "bollinger_percent_b_20": (c - lower) / (upper - lower),
        "bollinger_width_20": (upper - lower) / middle, "squeeze_20": squeezed,
        "squeeze_release_20": ((squeezed.shift() == 1) & (squeezed == 0)).astype(float),
        "keltner_position_20": (c - talib.EMA(c, 20)) / (2 * atr), "keltner_width_20": 4 * atr / c,
        "standard_error_position_21": (c - line) / se, "standard_error_width_21": 4 * se / c,
    }  # fmt: skip
    assert set(expected) == {f.name for f in bands.FEATURES}
    assert squeezed[21:].nunique() == 2
    agree(bands, bars, expected, rtol=1e-6, of_scale=1e-8)


def _standard_error(w: np.ndarray) -> float:
    residuals = w - np.polyval(np.polyfit(np.arange(21), w, 1), np.arange(21))
    return np.sqrt((residuals**2).sum() / 19)


def test_a_constant_price_gives_the_neutral_values() -> None:
    for name, values in run(bands, next(b for b in hostile() if b.name == "constant")).items():
        assert set(values[~np.isnan(values)]) == {0.5 if name == "bollinger_percent_b_20" else 0.0}, name


def test_a_straight_line_leaves_no_standard_error() -> None:
    got = run(bands, next(b for b in hostile() if b.name == "always up"))
    assert set(got["standard_error_position_21"][20:]) == {0.0}
    assert set(got["standard_error_width_21"][20:]) == {0.0}
