"""The book: cash and shares are conserved, and no order of reports can double or lose a fill."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from tradebot.core.domain.book import Book, Position
from tradebot.core.domain.events import CashPosted
from tradebot.core.domain.orders import OrderIntent, OrderKind, OrderReport, OrderStatus, Role, Side

CASH = 10**9


@st.composite
def executions(draw: st.DrawFn) -> list[tuple[Side, list[tuple[int, int]]]]:
    """Orders as (side, [(qty, price_units), ...])."""
    fills = st.lists(st.tuples(st.integers(1, 500), st.integers(1, 5_000_000)), min_size=1, max_size=4)
    return draw(st.lists(st.tuples(st.sampled_from(Side), fills), min_size=1, max_size=8))


@settings(max_examples=200, deadline=None)
@given(executions(), st.randoms(use_true_random=False))
def test_any_duplication_and_order_of_reports_gives_the_same_books(
    orders: list[tuple[Side, list[tuple[int, int]]]], rng: random.Random
) -> None:
    book, reports, cash, shares = Book(), [], CASH, 0
    book.open_with("PA1", CASH, ())
    for i, (side, fills) in enumerate(orders):
        total = sum(q for q, _ in fills)
        book.intend(OrderIntent(f"o{i}", "d", "AAA", side, total, Role.ENTRY, "", 1, 0))
        qty = notional = 0
        for q, price in fills:
            qty, notional = qty + q, notional + q * price
            status = OrderStatus.FILLED if qty == total else OrderStatus.PARTIALLY_FILLED
            reports.append(OrderReport(f"b{i}", f"o{i}", "AAA", side, OrderKind.MARKET, status, total, qty, notional, 0))
        cash, shares = cash - side.sign * notional, shares + side.sign * total
    reports += rng.sample(reports, k=len(reports) // 2)
    rng.shuffle(reports)
    fills_seen = [f for r in reports for f in book.report(r)]
    assert (book.cash_units, book.qty("AAA")) == (cash, shares)
    assert sum(f.side.sign * f.qty for f in fills_seen) == shares
    assert len({f.fill_id for f in fills_seen}) == len(fills_seen)
    assert book.open_orders() == []


@settings(max_examples=200, deadline=None)
@given(executions())
def test_realised_and_open_cost_account_for_every_unit_of_cash(orders: list[tuple[Side, list[tuple[int, int]]]]) -> None:
    position, spent = Position("AAA"), 0
    for side, fills in orders:
        for qty, price in fills:
            position.apply(side, qty, qty * price)
            spent += side.sign * qty * price
    assert position.cost_units - position.realised_units == spent
    assert position.qty != 0 or position.cost_units == 0


def test_cash_is_posted_once() -> None:
    book = Book()
    book.open_with("PA1", CASH, ())
    fee = CashPosted(ts_event_ns=0, activity_id="20131009::x", kind="FEE", amount_units=-123)
    assert [book.post(fee), book.post(fee)] == [True, False]
    assert book.cash_units == CASH - 123


def test_fills_of_a_replaced_order_add_up_over_the_chain() -> None:
    book = Book()
    book.open_with("PA1", CASH, ())
    book.intend(OrderIntent("o", "d", "AAA", Side.BUY, 10, Role.ENTRY, "", 1, 0))
    old = OrderReport("b1", "o", "AAA", Side.BUY, OrderKind.LIMIT, OrderStatus.REPLACED, 10, 4, 40, 0, replaced_by="b2")
    new = OrderReport("b2", "other", "AAA", Side.BUY, OrderKind.LIMIT, OrderStatus.FILLED, 6, 6, 66, 0, replaces="b1")
    assert [f.qty for r in (new, old, new) for f in book.report(r)] == [4, 6]
    assert [f.qty for f in book.report(new)] == []
    assert (book.qty("AAA"), book.cash_units) == (10, CASH - 106)


def buy_ten() -> Book:
    book = Book()
    book.open_with("PA1", CASH, ())
    book.intend(OrderIntent("o", "d", "AAA", Side.BUY, 10, Role.ENTRY, "", 1, 0))
    return book


def said(status: OrderStatus, filled_qty: int) -> OrderReport:
    return OrderReport("b", "o", "AAA", Side.BUY, OrderKind.MARKET, status, 10, filled_qty, filled_qty, 0)


def test_an_order_that_ended_is_not_opened_again_by_a_late_word() -> None:
    book = buy_ten()
    for status in (OrderStatus.CANCELED, OrderStatus.NEW):
        book.report(said(status, 0))
    assert book.orders["o"].status is OrderStatus.CANCELED
    assert [f.qty for f in book.report(said(OrderStatus.PARTIALLY_FILLED, 3))] == [3]  # but its fills still count
    assert (book.orders["o"].status, book.qty("AAA")) == (OrderStatus.CANCELED, 3)


def test_an_older_word_does_not_turn_a_partly_filled_order_back() -> None:
    book = buy_ten()
    for status, filled in ((OrderStatus.PARTIALLY_FILLED, 4), (OrderStatus.NEW, 0)):
        book.report(said(status, filled))
    assert (book.orders["o"].status, book.orders["o"].open_qty) == (OrderStatus.PARTIALLY_FILLED, 6)
