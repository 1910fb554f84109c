"""Wilder's directional movement: the contract, and every column against TA-Lib."""

from __future__ import annotations

import numpy as np
import pytest
import talib

from tests.unit.features.family import CHECKS, agree, run
from tests.unit.features.hostile import hostile
from tests.unit.features.unrounded import prices, unrounded
from tradebot.core.features import directional


@pytest.mark.parametrize("check", CHECKS)
def test_contract(check) -> None:
    check(directional)


@pytest.mark.parametrize("seed", [1, 2])
def test_values_agree_with_talib(seed) -> None:
    bars = unrounded(seed)
    _, h, l, c, _ = prices(bars)
    atr = talib.ATR(h, l, c, 14)
    expected = {
        "atr_14": atr, "atr_rel_14": talib.NATR(h, l, c, 14) / 100, "range_expansion_14": talib.TRANGE(h, l, c) / atr,
        "plus_di_14": talib.PLUS_DI(h, l, c, 14), "minus_di_14": talib.MINUS_DI(h, l, c, 14), "dx_14": talib.DX(h, l, c, 14),
        "adx_14": talib.ADX(h, l, c, 14), "adxr_14": talib.ADXR(h, l, c, 14),
    }  # fmt: skip
    assert set(expected) == {f.name for f in directional.FEATURES}
    agree(directional, bars, expected, rtol=1e-6)


def test_a_constant_price_has_no_direction() -> None:
    got = run(directional, next(b for b in hostile() if b.name == "constant"))
    for f in directional.FEATURES:
        values = got[f.name][f.warm_up_bars - 1 :]
        assert set(values) == {1.0 if f.name == "range_expansion_14" else 0.0}, f.name


def test_after_a_long_stand_still_what_is_left_of_the_moves_is_residue() -> None:
    bars = unrounded(sessions=4)
    bars.rows[700:, :4] = 14.0
    got = run(directional, bars)
    assert got["plus_di_14"][800] > 0  # the ratio of the last moves holds for a while
    assert set(got["plus_di_14"][1100:]) == {0.0}
    assert set(got["dx_14"][1100:]) == {0.0}
    assert set(got["range_expansion_14"][1100:]) == {1.0}
    assert np.all(np.diff(got["adx_14"][1100:]) <= 0)


def test_an_advance_equal_to_the_decline_counts_for_neither() -> None:
    bars = next(b for b in hostile() if b.name == "constant")
    t = np.arange(len(bars))
    bars.rows[:, 1] = 14.0 + 0.1 * t * 1e-2  # each bar reaches as much higher as lower: an outside bar
    bars.rows[:, 2] = 14.0 - 0.1 * t * 1e-2
    bars.rows[:, [0, 3]] = 14.0
    got = run(directional, bars)
    assert set(got["plus_di_14"][519:]) == {0.0}
    assert set(got["minus_di_14"][519:]) == {0.0}
