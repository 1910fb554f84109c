"""Adaptive distances, rising stops and the peak detector: worked examples, and what holds for all numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.domain.events import decode_hook, encode_hook
from tradebot.core.domain.orders import Bracket
from tradebot.core.execution.adaptive import NEAREST, distance_fraction, entry_bracket, peak_reason, trailed_stop
from tradebot.core.execution.exits import ExitsConfig, bracket_for
from tradebot.core.execution.ranges import Ranges, scan

Int = npt.NDArray[np.int64]
FIXED = ExitsConfig(stop_fraction=0.02, target_fraction=0.03, flatten_before_close_min=5)
RULES = replace(FIXED, mode="adaptive", atr_minutes=14, stop_atrs=6.0, target_atrs=9.0, peak_gain_atrs=4.0, peak_giveback=0.4)


def test_distances_follow_the_range_within_their_bounds() -> None:
    price = 1_000_000  # 100 dollars
    assert entry_bracket(price, 1_000.0, RULES) == Bracket(994_000, 1_009_000)  # 6 and 9 times 10 cents
    assert entry_bracket(price, 1.0, RULES) == Bracket(995_000, 1_007_500)  # a quarter of 2 %, of 3 %
    assert entry_bracket(price, 90_000.0, RULES) == bracket_for(price, FIXED)  # never farther than the fractions
    assert entry_bracket(price, 0.0, RULES) == bracket_for(price, FIXED)  # nothing known yet


@given(st.integers(100, 10**8), st.floats(0.0, 10**7), st.floats(0.001, 0.9), st.floats(0.1, 50.0))
def test_a_distance_stays_within_a_quarter_and_the_whole_of_the_fixed_one(price: int, atr: float, farthest: float, atrs: float) -> None:
    assert NEAREST * farthest <= distance_fraction(atrs, atr, price, farthest) <= farthest


@given(st.lists(st.tuples(st.integers(500_000, 1_500_000), st.floats(0.0, 5_000.0)), min_size=1, max_size=40))
def test_a_stop_only_rises_and_stays_below_the_high(path: list[tuple[int, float]]) -> None:
    stop, high = 490_000, 500_000
    for price, atr in path:
        high = max(high, price)
        moved = trailed_stop(stop, high, atr, RULES)
        assert moved >= stop
        assert moved == stop or moved < high
        stop = moved


def test_a_rise_too_small_for_an_order_is_none() -> None:
    assert trailed_stop(993_400, 1_000_000, 1_000.0, RULES) == 994_000  # 6 cents of 60 are a tenth
    assert trailed_stop(993_500, 1_000_000, 1_000.0, RULES) == 993_500


@pytest.mark.parametrize(
    ("high", "close", "drift", "says"),
    [
        (1_010_000, 1_006_000, -20.0, "peak: 0.40 of 1.00 given back, drift -0.0020 a minute"),
        (1_010_000, 1_006_100, -20.0, ""),  # not enough given back
        (1_010_000, 1_006_000, 0.0, ""),  # it does not fall
        (1_003_900, 1_000_000, -20.0, ""),  # there was no peak
    ],
)
def test_a_peak_is_over_when_enough_of_a_real_gain_is_given_back(high: int, close: int, drift: float, says: str) -> None:
    assert peak_reason(1_000_000, high, close, 1_000.0, drift, RULES) == says
    assert peak_reason(1_000_000, high, close, 1_000.0, drift, replace(RULES, peak_gain_atrs=0.0)) == ""
    assert peak_reason(1_000_000, high, close, 0.0, drift, RULES) == ""


def day(seed: int, minutes: int = 60, symbols: int = 3) -> tuple[Int, Int, Int, Int, npt.NDArray[np.bool_]]:
    rng = np.random.default_rng(seed)
    close = 500_000 + np.cumsum(rng.integers(-900, 900, (minutes, symbols)), axis=0)
    high, low = close + rng.integers(0, 700, close.shape), close - rng.integers(0, 700, close.shape)
    opened = np.where(np.arange(minutes) < minutes // 2, 1_000, 2_440)
    return opened, high, low, close, rng.random(close.shape) < 0.8


def test_ranges_are_wilders_after_a_plain_mean_and_start_anew_with_each_session() -> None:
    opened, high, low, close, present = day(7)
    atr, drift = scan(opened, high, low, close, present, 14)
    for n in range(3):
        last, mean, trend, seen, session = 0.0, 0.0, 0.0, 0, -1
        for t in np.flatnonzero(present[:, n]):
            new = opened[t] != session
            top, bottom = (high[t, n], low[t, n]) if new else (max(high[t, n], last), min(low[t, n], last))
            if new:
                mean, trend, seen = 0.0, 0.0, 0
            seen, change = seen + 1, 0.0 if new else close[t, n] - last
            mean += (top - bottom - mean) / min(seen, 14)
            trend += (change - trend) / min(seen, 5)
            last, session = close[t, n], opened[t]
            assert atr[t, n] == (mean if seen >= 14 else 0.0)
            assert drift[t, n] == trend


def test_what_ranges_say_of_a_session_does_not_depend_on_the_days_before() -> None:
    opened, high, low, close, present = day(9)
    whole = scan(opened, high, low, close, present, 14)
    alone = scan(*(a[30:] for a in (opened, high, low, close, present)), 14)
    for one, other in zip(whole, alone, strict=True):
        np.testing.assert_array_equal(one[30:], other)


def test_a_scan_is_its_steps_across_a_snapshot_and_another_universe() -> None:
    import msgspec

    opened, high, low, close, present = day(8)
    atr, drift = scan(opened, high, low, close, present, 14)
    ranges = Ranges()
    for t in range(len(close)):
        if t == 20:
            ranges = msgspec.msgpack.decode(msgspec.msgpack.encode(ranges, enc_hook=encode_hook), type=Ranges, dec_hook=decode_hook)
        if t == 40:
            order = np.array([2, -1, 0, 1])
            ranges.watch(order)
            high, low, close, present = (np.where(order < 0, 0, a[:, order]) for a in (high, low, close, present))
            atr, drift = (np.where(order < 0, 0.0, a[:, order]) for a in (atr, drift))
        ranges.step(int(opened[t]), high[t], low[t], close[t], present[t].astype(bool), 14)
        for n in range(close.shape[1]):
            assert (ranges.atr_units(n, 14), ranges.drift_units(n)) == (atr[t, n], drift[t, n])
