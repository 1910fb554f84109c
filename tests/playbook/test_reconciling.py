"""The broker's books beside ours: grace, locks that reduce only, what lifts them, orders that are not ours, splits, and a person's word."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.playbook.market import OPEN_NS, minute, started
from tests.playbook.test_engine import entered, intents, reasons
from tradebot.core.domain.book import Position
from tradebot.core.domain.commands import Alert, CancelOrder, Command, CompareBooks, RecordFill, SubmitOrder
from tradebot.core.domain.events import AccountReconciled, OperatorOrder, OperatorSpoke, OrderReported, PositionFact
from tradebot.core.domain.orders import OrderKind, OrderReport, OrderStatus, Role, Side
from tradebot.core.engine import Engine
from tradebot.core.execution.reconcile import GRACE_NS, Dispute, agreed, split_of
from tradebot.core.state import Safety

ENTRY_USD = 70


def says(engine: Engine, after_s: float = 60.0, cash_units: int | None = None, blocked: str = "", **held: int) -> list[Command]:
    """The broker's books some time later: our own, but for the symbols that are named (shares at the entry's price)."""
    book = engine.state.book
    qty = {p.symbol: p.qty for p in book.positions.values()} | held
    cost = {p.symbol: p.cost_units for p in book.positions.values() if p.symbol not in held}
    facts = tuple(PositionFact(s, q, cost.get(s, q * ENTRY_USD * 10_000)) for s, q in sorted(qty.items()) if q)
    event = AccountReconciled(
        ts_event_ns=engine.state.now_ns + int(after_s * 1e9),
        account_number="PA1",
        cash_units=book.cash_units if cash_units is None else cash_units,
        positions=facts,
        blocked=blocked,
    )
    return engine.handle(event)


def alerts(commands: list[Command]) -> list[tuple[str, str]]:
    return [(c.severity, c.message) for c in commands if isinstance(c, Alert)]


def by_hand(
    engine: Engine, side: Side, qty: int, filled: int, symbol: str = "AAA", status: OrderStatus | None = None, **more: object
) -> list[Command]:
    """A word about an order that a person placed, as the list of orders shows it."""
    state = status or (OrderStatus.FILLED if filled == qty else OrderStatus.NEW)
    words = {"submitted_ns": engine.state.now_ns, "source": "poll"} | more
    report = OrderReport(
        "hand", "c0ffee", symbol, side, OrderKind.MARKET, state, qty, filled, filled * ENTRY_USD * 10_000, engine.state.now_ns,
        **words,  # type: ignore[arg-type]
    )  # fmt: skip
    return engine.handle(OrderReported(ts_event_ns=engine.state.now_ns, report=report))


def holding() -> Engine:
    """Five shares of AAA, with their stop and target at the broker."""
    engine = started()
    entered(engine)
    assert engine.state.book.qty("AAA") == 5
    return engine


def test_books_that_agree_say_nothing() -> None:
    assert says(holding()) == []


def test_a_position_may_lag_its_fill_for_the_grace_and_no_longer() -> None:
    engine = holding()
    assert says(engine, after_s=10, AAA=0) == []
    assert says(engine, after_s=4.9, AAA=0) == []
    assert alerts(says(engine, after_s=0.1, AAA=0)) == [("critical", "books differ from the broker's: AAA: we hold 5, the broker says 0")]
    assert GRACE_NS == 15 * 10**9
    assert alerts(says(engine, AAA=0))[0][0] == "warning"  # known by now
    assert alerts(says(engine, AAA=2))[0] == ("critical", "books differ from the broker's: AAA: we hold 5, the broker says 2")


def test_a_locked_symbol_is_closed_up_to_what_both_agree_is_held() -> None:
    engine = holding()
    says(engine, AAA=2)
    assert reasons(engine.handle(minute(1, {"BBB": 20})))[0] != "enter"
    engine.handle(OperatorSpoke(ts_event_ns=OPEN_NS, order=OperatorOrder.FLATTEN, reason="test"))
    sent: list[SubmitOrder] = []
    for leg, kind in (("b1-t", OrderKind.LIMIT), ("b1-s", OrderKind.STOP)):
        intent = engine.state.book.orders["play-20131009-1330Z-AAA-entry"]
        report = OrderReport(leg, leg, "AAA", Side.SELL, kind, OrderStatus.CANCELED, intent.qty, 0, 0, OPEN_NS)
        sent += [c for c in engine.handle(OrderReported(ts_event_ns=OPEN_NS, report=report)) if isinstance(c, SubmitOrder)]
    [order] = sent
    assert (order.intent.side, order.intent.qty, order.intent.role) == (Side.SELL, 2, Role.EXIT)
    done = OrderReport(
        "x1", order.intent.client_order_id, "AAA", Side.SELL, OrderKind.MARKET, OrderStatus.FILLED, 2, 2, 2 * 700_000, OPEN_NS
    )  # fmt: skip
    after = engine.handle(OrderReported(ts_event_ns=OPEN_NS, report=done))
    after += engine.handle(minute(2, {"AAA": 70}))
    assert not [c for c in after if isinstance(c, SubmitOrder)]  # three more would sell what is not there
    assert engine.state.disputes["AAA"] == Dispute(5, 0)


@given(st.integers(-50, 50), st.integers(-50, 50))
def test_what_both_agree_on_never_turns_a_position_around(ours: int, theirs: int) -> None:
    may = agreed(Dispute(0, theirs), ours)
    assert abs(may) <= min(abs(ours), abs(theirs))
    assert may == 0 or (may > 0) == (ours > 0) == (theirs > 0)


def test_a_lock_lifts_when_reports_have_explained_the_difference() -> None:
    """The list of orders lagged behind the positions: the manual sale is seen later, and explains."""
    engine = holding()
    says(engine, AAA=2)
    assert "AAA" in engine.state.locked
    said = by_hand(engine, Side.SELL, 3, 3)
    assert [c.fill.role for c in said if isinstance(c, RecordFill)] == [Role.EXTERNAL]
    assert engine.state.book.qty("AAA") == 2
    assert ("info", "AAA: reports explain the difference, both hold 2; unlocked") in alerts(says(engine, AAA=2))
    assert (engine.state.locked, engine.state.disputes) == ({}, {})


def test_a_difference_that_goes_away_by_itself_stays_a_persons() -> None:
    engine = holding()
    says(engine, AAA=2)
    assert alerts(says(engine)) == [("critical", "AAA: the broker says 5 again and no report explains it; resume when you know why")]
    assert says(engine) == []
    assert "AAA" in engine.state.locked
    engine.handle(OperatorSpoke(ts_event_ns=OPEN_NS, order=OperatorOrder.RESUME, reason="a glitch of theirs"))
    assert ("info", "resumed: a glitch of theirs") in alerts(says(engine))
    assert (engine.state.locked, engine.state.disputes) == ({}, {})


def test_a_person_may_take_the_brokers_books_for_ours() -> None:
    engine = holding()
    says(engine, AAA=2, cash_units=engine.state.book.cash_units + 30_000)
    assert engine.handle(OperatorSpoke(ts_event_ns=OPEN_NS, order=OperatorOrder.ADOPT, reason="sold by phone")) == [
        CompareBooks("sold by phone")
    ]
    cash_units = engine.state.book.cash_units + 30_000
    said = alerts(says(engine, AAA=2, cash_units=cash_units))
    assert ("critical", "the broker's books are ours now (sold by phone): AAA 5 -> 2") in said
    assert (engine.state.book.qty("AAA"), engine.state.book.cash_units) == (2, cash_units)
    assert (engine.state.locked, engine.state.disputes, engine.state.adopting) == ({}, {}, "")
    assert says(engine, AAA=2) == []


def test_cash_that_differs_is_said_and_locks_nothing() -> None:
    engine = holding()
    said = says(engine, cash_units=engine.state.book.cash_units - 101)
    assert alerts(said)[0][1].startswith("books differ from the broker's: cash")
    assert says(engine, cash_units=engine.state.book.cash_units - 100) == []
    assert engine.state.locked == {}


def test_a_renamed_symbol_is_locked_under_both_names_and_the_hint_is_given() -> None:
    """F54."""
    engine = holding()
    assert [message for _, message in alerts(says(engine, AAA=0, BBB=5))] == [
        "books differ from the broker's: AAA: we hold 5, the broker says 0; it may have been renamed BBB",
        "books differ from the broker's: BBB: we hold 0, the broker says 5; AAA may have been renamed",
    ]
    assert sorted(engine.state.locked) == ["AAA", "BBB"]


def test_an_account_that_the_broker_blocks_opens_nothing_more() -> None:
    """F40."""
    engine = holding()
    assert alerts(says(engine, blocked="account PA1 may not trade")) == [("critical", "nothing new: account PA1 may not trade")]
    assert says(engine, blocked="account PA1 may not trade") == []
    assert engine.state.safety is Safety.REDUCING
    assert not intents(engine.handle(minute(1, {"BBB": 70})))


# Orders that are not ours


def test_a_manual_trade_is_booked_flagged_and_counted_once() -> None:
    """F41: bought by hand in the web page; the list shows it again and again."""
    engine = started()
    cash_units = engine.state.book.cash_units
    said = by_hand(engine, Side.BUY, 3, 0)
    assert [severity for severity, _ in alerts(said)] == ["critical"]
    assert "buy 3 AAA is not ours" in alerts(said)[0][1]
    assert [o.role for o in engine.state.book.open_orders()] == [Role.EXTERNAL]
    assert reasons(engine.handle(minute(0, {"AAA": 70})))[0] == "already held or working"
    by_hand(engine, Side.BUY, 3, 2, status=OrderStatus.PARTIALLY_FILLED)
    by_hand(engine, Side.BUY, 3, 3)
    assert by_hand(engine, Side.BUY, 3, 3) == []
    assert (engine.state.book.qty("AAA"), engine.state.book.cash_units) == (3, cash_units - 3 * ENTRY_USD * 10_000)
    engine.state.book.forget_finished()
    assert by_hand(engine, Side.BUY, 3, 3) == []  # the list of next day, for a parent that is still open, may show it once more
    assert engine.state.book.qty("AAA") == 3
    assert not [m for _, m in alerts(says(engine)) if "differ" in m]


def test_a_forced_liquidation_ends_the_position_and_takes_its_protection_back() -> None:
    """F42."""
    engine = holding()
    said = by_hand(engine, Side.SELL, 5, 5)
    assert engine.state.book.qty("AAA") == 0
    assert {c.client_order_id for c in said if isinstance(c, CancelOrder)} <= {o.key for o in engine.state.book.orders.values()}
    assert not [m for _, m in alerts(says(engine)) if "differ" in m]


@pytest.mark.parametrize(
    "words",
    [
        {"source": "stream"},  # may be a leg that nobody has named yet
        {"order_class": "bracket"},  # a leg by itself
        {"replaces": "b1-s"},  # a leg's successor
    ],
)
def test_what_may_be_a_part_of_our_own_order_is_not_adopted(words: dict[str, str]) -> None:
    engine = started()
    assert by_hand(engine, Side.SELL, 3, 0, **words) == []
    assert engine.state.book.orders == {}


def test_our_own_order_of_an_earlier_day_is_not_taken_for_a_strangers() -> None:
    engine = holding()
    book = engine.state.book
    [entry] = [o for o in book.orders.values() if o.role is Role.ENTRY]
    words = {"source": "poll", "submitted_ns": OPEN_NS}
    report = OrderReport("b1", entry.key, "AAA", Side.BUY, OrderKind.MARKET, OrderStatus.FILLED, 5, 5, 5 * 700_000, OPEN_NS, **words)  # type: ignore[arg-type]
    book.forget_finished()
    engine.handle(OrderReported(ts_event_ns=OPEN_NS, report=report))
    assert book.qty("AAA") == 5


def test_what_an_older_order_had_filled_is_in_the_opening_balance() -> None:
    engine = started()
    before = {"submitted_ns": OPEN_NS - 3600 * 10**9}
    by_hand(engine, Side.BUY, 5, 2, status=OrderStatus.PARTIALLY_FILLED, **before)
    assert engine.state.book.qty("AAA") == 0
    by_hand(engine, Side.BUY, 5, 5, **before)
    assert engine.state.book.qty("AAA") == 3


def test_an_older_order_that_had_ended_is_none_of_ours() -> None:
    engine = started()
    assert by_hand(engine, Side.BUY, 5, 5, submitted_ns=OPEN_NS - 3600 * 10**9) == []
    assert engine.state.book.qty("AAA") == 0


# Splits


def fact(position: Position, new: int, old: int) -> PositionFact:
    """What the broker makes of a position: whole shares, the average price divided."""
    qty = abs(position.qty) * new // old * (1 if position.qty > 0 else -1)
    return PositionFact(position.symbol, qty, round(position.cost_units / position.qty * old / new * qty))


@given(st.integers(1, 5_000), st.sampled_from([(2, 1), (3, 1), (10, 1), (3, 2), (1, 8), (1, 20)]), st.integers(10_000, 5_000_000))
def test_a_split_is_recognised_by_its_shares_and_its_price(qty: int, ratio: tuple[int, int], price: int) -> None:
    held = Position("AAA", qty, qty * price)
    told = fact(held, *ratio)
    found = split_of(held, told)
    if told.qty in (0, qty):
        assert found is None
        return
    assert found is not None
    assert told.qty == qty * found[0] // found[1]
    assert found == ratio or qty < 100  # few shares fit several ratios


@given(st.integers(1, 1_000), st.integers(-1_000, 1_000), st.integers(10_000, 5_000_000), st.floats(0.7, 1.4))
def test_no_trade_looks_like_a_split(qty: int, traded: int, price: int, move: float) -> None:
    """Bought or sold at any price near the market."""
    held, after = Position("AAA", qty, qty * price), Position("AAA", qty, qty * price)
    if traded:
        after.apply(Side.BUY if traded > 0 else Side.SELL, abs(traded), abs(traded) * int(price * move))
    assert split_of(held, PositionFact("AAA", after.qty, after.cost_units)) is None


def test_after_a_split_books_marks_and_trade_follow_and_entries_wait_for_a_person() -> None:
    """F55, 2 for 1: no report will ever come of it."""
    engine = holding()
    state = engine.state
    position, trade, equity = state.book.positions["AAA"], state.trades.open["AAA"], state.equity_units()
    told = AccountReconciled(
        ts_event_ns=state.now_ns + 3600 * 10**9, account_number="PA1", cash_units=state.book.cash_units, positions=(fact(position, 2, 1),)
    )
    said = engine.handle(told)
    assert ("critical", "AAA: split 2 for 1, 5 shares are 10; no entries until resumed") in alerts(said)
    assert (state.book.qty("AAA"), state.equity_units()) == (10, equity)
    assert state.locked == {}
    split = state.trades.open["AAA"]
    assert (split.qty, split.stop_units, split.target_units) == (10, trade.stop_units // 2, trade.target_units // 2)
    assert state.frozen["AAA"].startswith("split 2 for 1")
    assert not [
        m for _, m in alerts(engine.handle(msgspec.structs.replace(told, ts_event_ns=told.ts_event_ns + 60 * 10**9))) if "differ" in m
    ]


def after_a_split(engine: Engine, new: int, old: int) -> list[Command]:
    book = engine.state.book
    told = (fact(book.positions["AAA"], new, old),)
    later_ns = engine.state.now_ns + 3600 * 10**9
    return engine.handle(AccountReconciled(ts_event_ns=later_ns, account_number="PA1", cash_units=book.cash_units, positions=told))


def test_a_reverse_split_gives_up_what_the_remainder_cost() -> None:
    engine = holding()
    book = engine.state.book
    cost = book.positions["AAA"].cost_units
    told = fact(book.positions["AAA"], 1, 2)
    engine.handle(
        AccountReconciled(
            ts_event_ns=engine.state.now_ns + 3600 * 10**9, account_number="PA1", cash_units=book.cash_units, positions=(told,)
        )
    )
    position = book.positions["AAA"]
    assert (position.qty, position.cost_units, position.realised_units) == (2, cost * 4 // 5, -(cost - cost * 4 // 5))


def test_what_a_split_leaves_uncovered_is_armed_at_the_new_prices() -> None:
    """The old legs rest for five shares: an OCO for the other five follows at once."""
    engine = holding()
    state = engine.state
    trade = state.trades.open["AAA"]
    said = after_a_split(engine, 2, 1)
    [order] = [c.intent for c in said if isinstance(c, SubmitOrder)]
    assert (order.side, order.qty, order.order_class) == (Side.SELL, 5, "oco")
    assert order.bracket is not None
    assert abs(order.bracket.stop_units - trade.stop_units // 2) <= 100  # on the tick
    assert abs(order.bracket.target_units - trade.target_units // 2) <= 100
