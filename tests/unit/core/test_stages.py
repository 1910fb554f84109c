"""Sizing, limits and exits, each by its own words."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.execution.exits import ExitsConfig, bracket_for, exit_reason
from tradebot.core.portfolio.sizing import SizingConfig, shares_by_equity_fraction, shares_floor
from tradebot.core.risk.limits import LIMITS, LimitsConfig, Proposal, RiskView, first_refusal

EXITS = ExitsConfig(stop_fraction=0.02, target_fraction=0.04, flatten_before_close_min=5)
CONFIG = LimitsConfig(positions_max=10, order_usd_max=50_000, daily_loss_fraction_max=0.02)
FINE = RiskView(positions=3, free_cash_units=10**9, equity_units=10**9, day_start_equity_units=10**9)
ORDER = Proposal("AAA", 10, 1_000_000)


@pytest.mark.parametrize("notional", [math.nan, math.inf, -1.0, 0.0])
def test_no_size_comes_of_a_notional_that_is_not_a_positive_number(notional: float) -> None:
    assert shares_floor(notional, 10_000) == 0


@given(st.integers(0, 10**13), st.integers(1, 10**8), st.integers(0, 100))
def test_size_never_exceeds_the_fraction_or_the_cap(equity: int, price: int, cap: int) -> None:
    shares = shares_by_equity_fraction(equity, price, SizingConfig(equity_fraction=0.01, max_shares=cap))
    assert 0 <= shares * price <= equity * 0.01
    assert not cap or shares <= cap


@pytest.mark.parametrize(
    ("proposal", "view", "reason"),
    [
        (Proposal("AAA", 0, 1_000_000), FINE, "size rounds to 0 shares"),
        (ORDER, RiskView(10, 10**9, 10**9, 10**9), "positions 10 >= 10"),
        (Proposal("AAA", 501, 1_000_000), FINE, "order_usd 50100.00 > 50000"),
        (ORDER, RiskView(3, 9_999_999, 10**9, 10**9), "buying power 999.9999 < 1000.00"),
        (ORDER, RiskView(3, 10**9, 980_000_000, 10**9), "day loss 2000.00 >= 2.0% of 100000.00"),
    ],
)
def test_each_limit_refuses_a_crafted_order_with_its_numbers(proposal: Proposal, view: RiskView, reason: str) -> None:
    assert first_refusal(proposal, view, CONFIG) == reason


def test_every_limit_was_crossed_above_and_a_fine_order_passes() -> None:
    assert len(LIMITS) == 5
    assert first_refusal(ORDER, FINE, CONFIG) is None


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
