"""An absurd price is not believed until the next bar confirms it; the same, minute by minute, as over a history."""

from __future__ import annotations

import datetime as dt

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.session import Session
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.selection.price_jump import history_jumped, price_jumped, refuse_jumps

OPEN_NS = 1_381_325_400 * 10**9


def jumps(*closes: int, jump_max: float = 1.0) -> list[bool]:
    column = np.array(closes, np.int64)[:, None]
    return history_jumped(grid(column, column > 0, None), jump_max)[:, 0].tolist()


def grid(close: np.ndarray, present: np.ndarray, tape: np.ndarray | None) -> MarketGrid:
    minutes, symbols = close.shape
    session = Session(dt.date(2013, 10, 9), OPEN_NS, OPEN_NS + minutes * NS_PER_MINUTE)
    starts = OPEN_NS + np.arange(minutes) * NS_PER_MINUTE
    names = tuple(f"S{n}" for n in range(symbols))
    return MarketGrid(names, starts, np.zeros(minutes, np.int64), (session,), close, close, close, close, close, present, tape)


def test_a_spike_and_the_way_back_are_refused_and_a_new_level_is_confirmed() -> None:
    assert jumps(100, 10_000, 100, 101, 99) == [False, True, True, False, False]
    assert jumps(100, 250, 251, 249) == [False, True, False, False]  # it really doubled and more: the second bar says so
    assert jumps(100, 200, 50, 100) == [False, False, True, False]  # to the double is allowed, to the quarter is not
    assert jumps(100, 0, 0, 300, 300) == [False, False, False, True, False]  # minutes without a bar confirm nothing
    assert jumps(100, 10_000, jump_max=0.0) == [False, False]


def test_a_quote_that_agrees_confirms_at_once_and_a_crossed_or_onesided_one_does_not() -> None:
    close, last, here = np.array([300] * 4), np.array([100] * 4), np.ones(4, np.bool_)
    tape = np.array([[299, 301, 0, 1, 1], [301, 299, 0, 1, 1], [0, 301, 0, 0, 1], [99, 101, 0, 1, 1]], np.int64)
    assert price_jumped(close, last, here, tape, 1.0).tolist() == [False, True, True, True]


@given(st.data(), st.integers(1, 12), st.integers(1, 3), st.sampled_from([0.0, 0.1, 1.0]))
def test_minute_by_minute_is_the_same_as_over_a_history(data: st.DataObject, minutes: int, symbols: int, jump_max: float) -> None:
    shape = (minutes, symbols)
    present = data.draw(arrays.arrays(np.bool_, shape))
    close = np.where(present, data.draw(arrays.arrays(np.int64, shape, elements=st.integers(1, 400))), 0)
    tape = data.draw(arrays.arrays(np.int64, (*shape, 5), elements=st.integers(0, 400)))
    marks, stepped = np.zeros(symbols, np.int64), []
    for t in range(minutes):
        stepped.append(price_jumped(close[t], marks, present[t], tape[t], jump_max))
        np.copyto(marks, close[t], where=present[t])
    np.testing.assert_array_equal(history_jumped(grid(close, present, tape), jump_max), np.array(stepped))


def test_a_candidate_gets_the_reason_and_a_refused_one_keeps_its_own() -> None:
    reasons = ["", "confidence 0.1 < 0.5", ""]
    refuse_jumps(reasons, np.array([True, True, False]), np.array([3_000_000, 1, 1]), np.array([30_000, 1, 1]))
    assert reasons == ["price 300.00 after 3.00: not confirmed by the next bar yet", "confidence 0.1 < 0.5", ""]
