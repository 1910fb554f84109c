"""Sizing and exits, each by its own words. Limits have a contract of their own."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.execution.exits import ExitsConfig, bracket_for, exit_reason
from tradebot.core.portfolio.sizing import SizingConfig, shares_by_equity_fraction, shares_floor

EXITS = ExitsConfig(stop_fraction=0.02, target_fraction=0.04, flatten_before_close_min=5)


@pytest.mark.parametrize("notional", [math.nan, math.inf, -1.0, 0.0])
def test_no_size_comes_of_a_notional_that_is_not_a_positive_number(notional: float) -> None:
    assert shares_floor(notional, 10_000) == 0


@given(st.integers(0, 10**13), st.integers(1, 10**8), st.integers(0, 100))
def test_size_never_exceeds_the_fraction_or_the_cap(equity: int, price: int, cap: int) -> None:
    shares = shares_by_equity_fraction(equity, price, SizingConfig(equity_fraction=0.01, max_shares=cap))
    assert 0 <= shares * price <= equity * 0.01
    assert not cap or shares <= cap


@given(st.integers(100, 10**8))
def test_protection_encloses_the_entry_on_the_tick(price: int) -> None:
    bracket = bracket_for(price, EXITS)
    assert bracket.stop_units < price < bracket.target_units
    assert bracket.stop_units <= price * 0.98 + 1
    assert bracket.target_units >= price * 1.04 - 1


@pytest.mark.parametrize(
    ("qty", "price", "word"), [(10, 97_999, "stop"), (10, 104_001, "target"), (-10, 102_001, "stop"), (-10, 95_999, "target")]
)
def test_exits_of_longs_and_shorts(qty: int, price: int, word: str) -> None:
    reason = exit_reason(qty, qty * 100_000, price, EXITS)
    assert reason is not None
    assert reason.startswith(word)


def test_between_stop_and_target_nothing_is_closed() -> None:
    assert exit_reason(10, 1_000_000, 101_000, EXITS) is None
