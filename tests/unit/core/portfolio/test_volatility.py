"""Volatility as a scan: the steps bit for bit, no look ahead, a second implementation, and any interruption."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradebot.core.portfolio import pairs, volatility
from tradebot.core.portfolio.history import volatility_history
from tradebot.core.portfolio.memory import SizingState
from tradebot.core.portfolio.volatility import ANNUAL, RATIO, STD
from tradebot.core.state import State, state_from_bytes, state_to_bytes

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
NS = 60_000_000_000
DAY = 1440


def market(seed: int, symbols: int, days: int, minutes: int) -> tuple[Int, Int, Int, Bool]:
    """Minutes (T,), their session's open (T,), closes and presence (T, N)."""
    rng = np.random.default_rng(seed)
    opened = np.repeat(30_000_000 + DAY * np.arange(days, dtype=np.int64), minutes)
    at = opened + np.tile(np.arange(minutes, dtype=np.int64), days)
    common = rng.normal(0.0, 5e-4, (len(at), 1))
    path = np.exp(np.cumsum(common + rng.normal(0.0, 5e-4, (len(at), symbols)), axis=0))
    return at, opened, np.round(path * 1_000_000).astype(np.int64), rng.random((len(at), symbols)) < rng.choice([1.0, 0.8])


def stepped(at: Int, opened: Int, close: Int, present: Bool, state: SizingState | None = None) -> tuple[Float, SizingState]:
    memory, out = state or SizingState(), np.empty((*close.shape, volatility.SEEN))
    for t in range(len(at)):
        memory.step(int(at[t]), int(opened[t]), close[t], present[t], with_pairs=True)
        out[t] = memory.seen
    return out, memory


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.integers(1, 2), st.integers(0, 500))
def test_a_scan_is_its_steps_and_knows_nothing_of_what_comes(seed: int, symbols: int, days: int, cut: int) -> None:
    at, opened, close, present = market(seed, symbols, days, 260)
    whole = volatility_history(at * NS, opened * NS, close, present)
    one_by_one, _ = stepped(at, opened, close, present)
    np.testing.assert_array_equal(whole, one_by_one)
    prefix = volatility_history(at[:cut] * NS, opened[:cut] * NS, close[:cut], present[:cut])
    np.testing.assert_array_equal(prefix, whole[:cut])


def test_a_snapshot_goes_on_bit_for_bit() -> None:
    at, opened, close, present = market(3, 3, 2, 300)
    _, uncut = stepped(at, opened, close, present)
    _, half = stepped(at[:333], opened[:333], close[:333], present[:333])
    state = State(symbols=("A", "B", "C"), sizing=half)
    _, resumed = stepped(at[333:], opened[333:], close[333:], present[333:], state_from_bytes(state_to_bytes(state)).sizing)
    for name in ("memory", "seen", "pairs"):
        np.testing.assert_array_equal(getattr(resumed, name), getattr(uncut, name), name)


def slow_annual(at: Int, opened: Int, close: Int, present: Bool) -> float:
    """One symbol's EWMA volatility, by sums of weights over all returns."""
    rows = np.flatnonzero(present)
    age, top, bottom = 0.0, 0.0, 0.0
    for now, before in zip(rows[:0:-1], rows[-2::-1], strict=True):
        gone = float(at[now] - at[before]) if opened[now] == opened[before] else float(at[now] - opened[now] + 1)
        weight = 0.94 ** (age / 390) * (1 - 0.94 ** (gone / 390))
        top, bottom, age = top + weight * (close[now] / close[before] - 1.0) ** 2 / gone, bottom + weight, age + gone
    return math.sqrt(top / bottom * 390 * 252)


@pytest.mark.parametrize("seed", range(4))
def test_ewma_against_sums_of_weights(seed: int) -> None:
    at, opened, close, present = market(seed, 2, 3, 390)
    seen = volatility_history(at * NS, opened * NS, close, present)
    for n in range(2):
        assert seen[-1, n, ANNUAL] == pytest.approx(slow_annual(at, opened, close[:, n], present[:, n]), rel=1e-9)
        assert 0.1 < seen[-1, n, ANNUAL] < 0.4  # 7e-4 a minute is 0.22 a year


def test_known_after_a_session_and_not_before() -> None:
    at, opened, close, _ = market(1, 1, 2, 390)
    seen = volatility_history(at * NS, opened * NS, close, np.ones(close.shape, np.bool_))
    first = int(np.flatnonzero(np.isfinite(seen[:, 0, ANNUAL]))[0])
    assert first == 390  # 389 returns in the first session and the night's
    assert np.isfinite(seen[first:, 0]).all()


def test_the_deviation_of_20_bars_leaves_the_night_out() -> None:
    at, opened, close, _ = market(5, 1, 2, 30)
    close[30:] *= 2  # doubled over night
    seen = volatility_history(at * NS, opened * NS, close, np.ones(close.shape, np.bool_))
    inside = np.delete(close[1:, 0] / close[:-1, 0] - 1.0, 29)
    assert seen[-1, 0, STD] == pytest.approx(np.std(inside[-20:], ddof=1), rel=1e-9)
    assert seen[35, 0, STD] == pytest.approx(np.std(inside[14:34], ddof=1), rel=1e-9)  # five of today's, fifteen of yesterday's
    assert np.isnan(seen[19, 0, STD])
    assert np.isfinite(seen[20, 0, STD])


def test_a_calm_hour_has_a_ratio_below_1_and_a_wild_one_above() -> None:
    at, opened, close, present = market(7, 1, 3, 390)
    present[:] = True
    steps = np.diff(np.log(close[:, 0]), prepend=np.log(close[0, 0]))
    for factor, low, high in ((0.1, 0.0, 0.3), (4.0, 2.0, 6.0)):
        changed = steps.copy()
        changed[-60:] *= factor
        prices = np.round(1e8 * np.exp(np.cumsum(changed)))[:, None].astype(np.int64)
        assert low < volatility_history(at * NS, opened * NS, prices, present)[-1, 0, RATIO] < high


def test_a_minute_without_a_bar_is_no_calm_minute() -> None:
    at, opened, close, present = market(9, 1, 4, 390)
    full = volatility_history(at * NS, opened * NS, close, np.ones(close.shape, np.bool_))[-1, 0, ANNUAL]
    present[:] = (np.arange(len(at)) % 3 == 0)[:, None]
    assert volatility_history(at * NS, opened * NS, close, present)[-1, 0, ANNUAL] == pytest.approx(full, rel=0.12)


def test_another_universe_keeps_what_stays() -> None:
    at, opened, close, present = market(11, 3, 2, 200)
    _, memory = stepped(at, opened, close, present)
    before, known, rho = (
        memory.memory.copy(),
        memory.seen.copy(),
        [pairs.correlation(memory.pairs, 0, 2), pairs.correlation(memory.pairs, 1, 0)],
    )
    memory.watch(np.array([2, -1, 0, 1]))
    np.testing.assert_array_equal(memory.memory[[0, 2, 3]], before[[2, 0, 1]])
    np.testing.assert_array_equal(memory.seen[[0, 2, 3]], known[[2, 0, 1]])
    assert np.isnan(memory.seen[1]).all()
    assert [pairs.correlation(memory.pairs, 2, 0), pairs.correlation(memory.pairs, 3, 2)] == rho
    assert pairs.correlation(memory.pairs, 1, 2) == 1.0
