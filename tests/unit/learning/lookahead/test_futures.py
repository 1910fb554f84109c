"""Other futures leave the past alone, change what comes, and are bars."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.learning.market import sessions, walk
from tradebot.core.domain.bars import BarColumns
from tradebot.learning.lookahead.futures import FUTURES, changed_after


def bars() -> BarColumns:
    plain = walk("AAA", sessions(2), 1)
    return replace(plain, bid=plain.close - 100, ask=plain.close + 100, trades=plain.volume // 100 + 1, bid_size=plain.volume * 0 + 5)


@pytest.mark.parametrize("name", FUTURES)
def test_the_past_is_the_same_and_the_future_is_another(name: str) -> None:
    known = bars()
    cut_ns = int(known.minute_ns[400])
    other = changed_after(known, cut_ns, FUTURES[name], np.random.default_rng(1))
    fields = ("minute_ns", "open", "high", "low", "close", "volume", "bid", "ask", "trades", "bid_size")
    for field in fields:
        assert np.array_equal(getattr(other, field)[:401], getattr(known, field)[:401])
    later = [not np.array_equal(getattr(other, field)[401:], getattr(known, field)[401:]) for field in fields]
    assert any(later)
    assert set(other.minute_ns.tolist()) <= set(known.minute_ns.tolist())
    assert (np.diff(other.minute_ns) > 0).all()
    assert (other.low <= np.minimum(other.open, other.close)).all() and (other.high >= np.maximum(other.open, other.close)).all()
    assert (other.low > 0).all() and other.bid is not None and other.ask is not None and (other.bid <= other.ask).all()
    assert other.ask_size is None
    again = changed_after(known, cut_ns, FUTURES[name], np.random.default_rng(1))
    assert all(np.array_equal(getattr(again, field), getattr(other, field)) for field in fields)


def test_together_they_change_prices_volumes_order_and_presence() -> None:
    known = bars()
    cut_ns = int(known.minute_ns[400])
    made = {name: changed_after(known, cut_ns, future, np.random.default_rng(1)) for name, future in FUTURES.items()}
    assert len(made["ended"]) == 401 and 401 < len(made["holes"]) < len(known)
    assert np.array_equal(made["other_volumes"].close, known.close) and (made["other_volumes"].volume[401:] > known.volume[401:]).any()
    assert sorted(made["scrambled"].close[401:].tolist()) == sorted(known.close[401:].tolist())
    moved = np.diff(np.log(known.close[400:])) + np.diff(np.log(made["mirrored"].close[400:]))
    assert np.abs(moved).max() < 1e-4


@pytest.mark.parametrize("name", FUTURES)
def test_a_cut_before_the_first_or_after_the_last_bar(name: str) -> None:
    known = bars()
    before = changed_after(known, int(known.minute_ns[0]) - 1, FUTURES[name], np.random.default_rng(1))
    assert len(before) <= len(known)
    after = changed_after(known, int(known.minute_ns[-1]), FUTURES[name], np.random.default_rng(1))
    assert np.array_equal(after.close, known.close)
