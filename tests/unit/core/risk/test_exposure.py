"""What is held, working, in flight or just asked for counts at its worst price (I7)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.limit_contract import CONFIG
from tradebot.core.domain.book import Book, Position
from tradebot.core.domain.orders import OrderIntent, OrderKind, OrderReport, OrderStatus, Role, Side
from tradebot.core.risk.exposure import Around, Exposure, lately, reducing_refusal
from tradebot.core.risk.limits import Asked, first_refusal, rules_of, worst_units

MARKS = {"AAA": 500_000, "BBB": 100_000, "CCC": 200_000}
CASH = 10**9
NOW_NS = 10**18
RULES = rules_of(CONFIG)


def mark(symbol: str) -> int:
    return MARKS[symbol]


def exposure(book: Book, spent: list[tuple[int, str, int]] | None = None) -> Exposure:
    busy = {o.symbol for o in book.open_orders()} | {s for s, p in book.positions.items() if p.qty}
    equity = book.cash_units + sum(p.qty * MARKS[s] for s, p in book.positions.items())
    held = Exposure(
        CONFIG, RULES, lambda symbol: symbol < "C", busy, book.cash_units, equity, equity, equity, [] if spent is None else spent
    )
    held.hold(book, mark)
    return held


def intent(symbol: str, qty: int, *, side: Side = Side.BUY, role: Role = Role.ENTRY, limit_units: int = 0) -> OrderIntent:
    kind = OrderKind.LIMIT if limit_units else OrderKind.MARKET
    return OrderIntent(
        f"{symbol}-{qty}-{role}", "d", symbol, side, qty, role, "test", MARKS[symbol], NOW_NS, kind=kind, limit_units=limit_units
    )


def test_held_shares_count_at_their_mark_and_working_ones_at_their_worst() -> None:
    book = Book(cash_units=CASH, positions={"AAA": Position("AAA", 100, 100 * 480_000)})
    book.intend(intent("AAA", 10))
    book.intend(intent("BBB", 50, limit_units=101_000))
    held = exposure(book)
    assert held.values == {"AAA": 100 * 500_000 + 10 * 520_000, "BBB": 50 * 101_000}
    assert held.gross_units == held.net_units == 55_200_000 + 5_050_000
    assert held.free_cash_units == CASH - 5_200_000 - 5_050_000
    seen = held.seen("CCC", Around(NOW_NS, 200_000))
    assert (seen.positions, seen.symbol_units, seen.group_units) == (2, 0, 0)
    assert (held.seen("AAA", Around(NOW_NS, 1)).positions, held.seen("AAA", Around(NOW_NS, 1)).group_units) == (1, 60_250_000)


def test_what_has_filled_counts_once() -> None:
    book = Book(cash_units=CASH)
    order = intent("AAA", 10)
    book.intend(order)
    book.report(
        OrderReport("b", order.client_order_id, "AAA", Side.BUY, OrderKind.MARKET, OrderStatus.PARTIALLY_FILLED, 10, 4, 4 * 500_000, NOW_NS)
    )
    assert exposure(book).values == {"AAA": 4 * 500_000 + 6 * 520_000}


def test_an_order_of_unknown_fate_counts_as_if_it_were_open_and_a_refused_one_does_not() -> None:
    book = Book(cash_units=CASH)
    book.intend(intent("AAA", 10))
    book.orders["AAA-10-entry"].status = OrderStatus.UNKNOWN
    assert exposure(book).gross_units == 5_200_000
    book.refuse("AAA-10-entry", "gone")
    assert exposure(book).gross_units == 0


def test_what_reduces_adds_nothing_and_what_a_person_placed_counts() -> None:
    book = Book(cash_units=CASH, positions={"AAA": Position("AAA", 100, 100 * 480_000)})
    for role in (Role.STOP, Role.TARGET, Role.EXIT):
        book.intend(intent("AAA", 100, side=Side.SELL, role=role))
    book.intend(intent("AAA", 30, side=Side.SELL, role=Role.EXTERNAL))
    assert exposure(book).values == {"AAA": 50_000_000}
    book.intend(intent("BBB", 20, side=Side.SELL, role=Role.EXTERNAL))
    held = exposure(book)
    assert held.values["BBB"] == -20 * 104_000
    assert (held.gross_units, held.net_units) == (52_080_000, 47_920_000)
    assert held.seen("CCC", Around(NOW_NS, 1)).buying_power_units == held.equity_units - 52_080_000 + held.equity_units


def test_what_was_asked_for_a_moment_ago_is_seen_by_the_next() -> None:
    held = exposure(Book(cash_units=CASH))
    order = Asked(10, 1, 500_000, 0, worst_units(500_000, 0, 1, RULES.price_collar_fraction))
    held.add(order, "AAA", NOW_NS)
    seen = held.seen("BBB", Around(NOW_NS, 100_000))
    assert (seen.positions, seen.gross_units, seen.group_units, seen.free_cash_units) == (1, 5_200_000, 5_200_000, CASH - 5_200_000)
    assert (seen.orders_in_minute, seen.notional_in_minute_units) == (1, 5_200_000)
    assert held.seen("AAA", Around(NOW_NS + 7, 1)).symbol_idle_ns == 7
    assert held.seen("BBB", Around(NOW_NS + 60 * 10**9 - 1, 1)).orders_in_minute == 1
    assert held.seen("BBB", Around(NOW_NS + 60 * 10**9, 1)).orders_in_minute == 0


def test_orders_are_forgotten_when_no_rate_looks_at_them_any_more() -> None:
    spent = [(NOW_NS - 130 * 10**9, "AAA", 1), (NOW_NS - 119 * 10**9, "BBB", 2), (NOW_NS, "CCC", 3)]
    assert lately(spent, NOW_NS, RULES) == spent[1:]
    assert lately(spent, NOW_NS, rules_of(replace(CONFIG, symbol_interval_s_min="off"))) == spent[2:]


orders = st.lists(st.tuples(st.sampled_from(sorted(MARKS)), st.integers(1, 60), st.sampled_from([0, 1])), max_size=40)


@given(orders)
def test_no_limit_is_exceeded_whatever_is_asked_for(wished: list[tuple[str, int, int]]) -> None:
    """Everything that passes is counted in; at worst prices no bound is ever crossed."""
    book = Book(cash_units=5 * 10**7)
    for n, (symbol, qty, is_limit) in enumerate(wished):
        held = exposure(book, [])
        limit = MARKS[symbol] + 500 if is_limit else 0
        order = Asked(qty, 1, MARKS[symbol], limit, worst_units(MARKS[symbol], limit, 1, RULES.price_collar_fraction))
        rules = RULES._replace(price_units_min=0.0, position_fraction_max=0.5)
        if first_refusal(order, held.seen(symbol, Around(NOW_NS, MARKS[symbol])), rules) is None:
            made = intent(symbol, qty, limit_units=limit)
            book.intend(OrderIntent(**{f: getattr(made, f) for f in made.__struct_fields__} | {"client_order_id": str(n)}))
    worst = {s: sum(o.open_qty * (o.limit_units or MARKS[s] * 1.04) for o in book.open_orders(s)) for s in MARKS}
    equity = book.cash_units
    assert all(value <= 0.5 * equity for value in worst.values())
    assert worst["AAA"] + worst["BBB"] <= 0.6 * equity
    assert sum(worst.values()) <= min(1.4 * equity, 1.5 * 10**9)
    assert all(o.open_qty <= 15 and o.open_qty * (o.limit_units or MARKS[o.symbol] * 1.04) <= 10**7 for o in book.open_orders())


@pytest.mark.parametrize("sign", [1, -1])
def test_sectors_hold_all_symbols_without_one_together(sign: int) -> None:
    config = replace(CONFIG, sectors={"AAA": "steel"})
    held = Exposure(config, RULES, lambda s: s, set(), CASH, CASH, CASH, CASH, [])
    for symbol in MARKS:
        held.promise(symbol, sign, 1_000)
    assert held.seen("AAA", Around(NOW_NS, 1)).sector_units == 1_000
    assert held.seen("BBB", Around(NOW_NS, 1)).sector_units == held.seen("ZZZ", Around(NOW_NS, 1)).sector_units == 2_000


def test_an_exit_sells_what_is_held_once() -> None:
    book = Book(cash_units=CASH, positions={"AAA": Position("AAA", 100, 100 * 480_000)})
    wanted = intent("AAA", 100, side=Side.SELL, role=Role.EXIT)
    assert reducing_refusal(book, wanted) is None
    assert reducing_refusal(book, intent("AAA", 101, side=Side.SELL, role=Role.EXIT)) == "shares 101 > 100 available"
    assert reducing_refusal(book, intent("AAA", 1, side=Side.BUY, role=Role.EXIT)) == "shares 1 > 0 available"
    assert reducing_refusal(book, intent("BBB", 1, side=Side.SELL, role=Role.EXIT)) == "shares 1 > 0 available"
    assert reducing_refusal(book, intent("AAA", 0, side=Side.SELL, role=Role.EXIT)) == "size rounds to 0 shares"
    book.intend(wanted)
    assert (
        reducing_refusal(book, intent("AAA", 50, side=Side.SELL, role=Role.EXIT)) == "duplicate: 1 open orders of the same symbol and side"
    )
    book = Book(cash_units=CASH, positions={"AAA": Position("AAA", -100, -100 * 480_000)})
    assert reducing_refusal(book, intent("AAA", 100, side=Side.BUY, role=Role.EXIT)) is None
    book.intend(intent("AAA", 10, side=Side.SELL))
    told = reducing_refusal(book, intent("AAA", 100, side=Side.BUY, role=Role.EXIT))
    assert told == "wash trade: 1 open orders of ours on the other side"
