"""The parts of a shortfall add up to it exactly, whatever the prices; fees are shared to the last unit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tradebot.learning.slippage.shortfall import Execution, Shortfall, shortfall, total, with_fees

prices = st.integers(1, 10**7)
executions = st.builds(
    Execution,
    fill_id=st.just("f"),
    symbol=st.just("AAA"),
    role=st.just("entry"),
    sign=st.sampled_from((1, -1)),
    qty=st.integers(1, 10_000),
    paid_units=st.integers(1, 10**11),
    ts_ns=st.just(0),
    decided_units=prices,
    arrival_units=prices,
    half_spread_units=st.integers(0, 1_000),
    is_quoted=st.booleans(),
)


def bought(**changes: int) -> Execution:
    numbers = {"sign": 1, "qty": 100, "paid_units": 100 * 500_700, "decided_units": 500_000, "arrival_units": 500_200} | changes
    return Execution("f", "AAA", "entry", ts_ns=0, half_spread_units=300, is_quoted=True, **numbers)


def test_a_buy_by_hand() -> None:
    """Decided at 50.00, arrived at a mid of 50.02, half-spread 0.03, paid 50.07: 2 + 3 + 2 cents a share."""
    lost = shortfall(bought())
    assert (lost.delay_units, lost.spread_units, lost.impact_units) == (20_000, 30_000, 20_000)
    assert lost.bps(lost.total_units) == 14.0


def test_a_sell_at_a_better_price_is_a_gain() -> None:
    lost = shortfall(bought(sign=-1, paid_units=100 * 500_700))
    assert lost.total_units == -70_000
    assert lost.delay_units == -20_000


@given(st.lists(executions, max_size=20))
def test_the_parts_add_up_to_what_was_lost(found: list[Execution]) -> None:
    lost = total(found)
    assert lost.total_units == sum(e.sign * (e.paid_units - e.qty * e.decided_units) for e in found)
    assert lost.fills == len(found)


@given(st.lists(executions, min_size=1, max_size=20), st.integers(0, 10**7))
def test_a_fee_is_shared_to_the_last_unit_among_the_sells(found: list[Execution], fee: int) -> None:
    shared = with_fees(found, fee)
    assert sum(e.fee_units for e in shared) == fee
    if any(e.sign < 0 for e in found):
        assert all(e.fee_units == 0 for e in shared if e.sign > 0)
    assert all(e.fee_units >= 0 for e in shared)


def test_nothing_traded_costs_nothing() -> None:
    assert total(()) == Shortfall()
    assert with_fees((), 5) == ()
    assert Shortfall().bps(0) == 0.0
