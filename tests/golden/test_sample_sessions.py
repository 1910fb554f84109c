"""Three real sessions, exact counts: what the engine does with them must not change by accident."""

from __future__ import annotations

import pytest

from tests.golden.sample import Run, run, sample_market, with_future
from tradebot.app.market import Market
from tradebot.core.domain.orders import Role, Side
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.engine import Engine
from tradebot.sim.venue import Venue


@pytest.fixture(scope="module")
def market() -> Market:
    return sample_market()


@pytest.fixture(scope="module")
def three_days(market: Market) -> tuple[Run, Engine, Venue]:
    return run(market)


def test_the_three_days_come_out_as_recorded(three_days: tuple[Run, Engine, Venue]) -> None:
    seen, engine, _ = three_days
    assert len(seen.decisions) == 3 * 390
    assert len(seen.intents) == GOLDEN["orders"]
    assert len(seen.fills) == GOLDEN["fills"]
    assert engine.state.book.cash_units == GOLDEN["cash_units"]


GOLDEN = {"orders": 14, "fills": 14, "cash_units": 1_000_288_700}


def test_every_symbol_has_a_reason_every_minute(three_days: tuple[Run, Engine, Venue]) -> None:
    for decision in three_days[0].decisions:
        assert len(decision.reasons) == 4
        assert all(decision.reasons)


def test_our_books_are_the_venues_books(three_days: tuple[Run, Engine, Venue]) -> None:
    seen, engine, venue = three_days
    assert engine.state.book.cash_units == venue.cash_units
    assert not engine.state.book.positions
    assert not [p for p in venue.positions.values() if p.qty]
    fees = sum(a.net_units for a in venue.activities if a.kind == "FEE")
    traded = sum(-f.side.sign * f.notional_units for f in seen.fills)
    assert engine.state.book.cash_units == 1_000_000_000 + traded + fees
    assert fees < 0
    assert sum(t.pnl_units for t in seen.trades.values()) == traded


def test_fills_come_after_their_decision_at_the_next_minutes_open_or_later(market: Market, three_days: tuple[Run, Engine, Venue]) -> None:
    seen = three_days[0]
    decided = {i.client_order_id: i.decided_ns for i in seen.intents}
    for fill in seen.fills:
        if fill.role is not Role.ENTRY:
            continue
        bars = market.histories[fill.symbol]
        at = int(bars.minute_ns.searchsorted(decided[fill.client_order_id] // NS_PER_MINUTE * NS_PER_MINUTE))
        assert fill.ts_event_ns >= decided[fill.client_order_id]
        assert bars.minute_ns[at] + NS_PER_MINUTE > fill.ts_event_ns
        assert bars.bid is not None and bars.ask is not None
        assert fill.notional_units >= fill.qty * bars.open[at]  # a buyer pays the spread
        assert fill.side is Side.BUY


def test_it_is_flat_at_every_close(three_days: tuple[Run, Engine, Venue]) -> None:
    assert {t.status for t in three_days[0].trades.values()} == {"CLOSED"}
    for trade in three_days[0].trades.values():
        assert trade.exit_ns // (86_400 * 10**9) == trade.entry_ns // (86_400 * 10**9)


def test_a_second_run_is_the_same_to_the_last_byte(market: Market, three_days: tuple[Run, Engine, Venue]) -> None:
    again, engine, _ = run(market)
    assert again.intents == three_days[0].intents
    assert again.fills == three_days[0].fills
    assert engine.snapshot() == three_days[1].snapshot()


@pytest.mark.parametrize("minute", [400, 700, 1000])
@pytest.mark.parametrize("factor", [0.5, 1.7])
def test_a_changed_future_changes_no_past_decision(
    market: Market, three_days: tuple[Run, Engine, Venue], minute: int, factor: float
) -> None:
    """Look-ahead by perturbation: bars from a minute on are scaled, every decision before that is what it was."""
    past = three_days[0].decisions[minute]
    changed = Market(with_future(market.histories, past.minute_ns + NS_PER_MINUTE, factor), market.table, market.traded)
    other = run(changed)[0].decisions
    for ours, theirs in zip(three_days[0].decisions[: minute + 1], other[: minute + 1], strict=True):
        assert ours.features.tobytes() == theirs.features.tobytes()
        assert (ours.reasons, ours.order_ids, ours.qty.tolist()) == (theirs.reasons, theirs.order_ids, theirs.qty.tolist())
    assert other[minute + 2].features.tobytes() != three_days[0].decisions[minute + 2].features.tobytes()
