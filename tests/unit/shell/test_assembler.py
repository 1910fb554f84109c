"""The assembler: every session minute once, in order, with exactly the bars that came in time."""

from __future__ import annotations

import datetime as dt

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.domain.bars import Float
from tradebot.core.domain.events import MinuteClosed
from tradebot.core.domain.session import Session, SessionTable
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.shell.feeds.assembler import Assembler
from tradebot.shell.feeds.bar_wire import Bar
from tradebot.shell.feeds.quote_book import QuoteBook
from tradebot.shell.feeds.quote_wire import Quote

OPEN = 1_381_325_400 * 10**9
LENGTH = 6
FIRST = Session(dt.date(2013, 10, 9), OPEN, OPEN + LENGTH * NS_PER_MINUTE)
SECOND = Session(dt.date(2013, 10, 10), OPEN + 1440 * NS_PER_MINUTE, OPEN + (1440 + LENGTH) * NS_PER_MINUTE)
TABLE = SessionTable((FIRST, SECOND))
MINUTES = [OPEN + i * NS_PER_MINUTE for i in range(LENGTH)] + [SECOND.open_ns + i * NS_PER_MINUTE for i in range(LENGTH)]
SYMBOLS = ("A", "B", "C")


def bar(symbol: str, minute_ns: int, price: int = 100, trades: int = 0) -> Bar:
    return Bar(symbol, minute_ns, price, price, price, price, 1, trades)


def quote(symbol: str, ts_ns: int, bid: int) -> Quote:
    return Quote(symbol, ts_ns, bid, bid + 100, 300, 400)


def assembler() -> Assembler:
    return Assembler(SYMBOLS, TABLE, "test", OPEN - NS_PER_MINUTE)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("bar"), st.sampled_from(SYMBOLS), st.integers(-2, LENGTH + 2), st.integers(1, 3)),
        st.tuples(st.just("due"), st.just(""), st.integers(0, 2 * LENGTH - 1), st.just(0)),
    ),
    max_size=60,
)


@given(steps)
def test_each_minute_closes_once_in_order_with_the_first_word_about_each_symbol(script: list[tuple[str, str, int, int]]) -> None:
    subject, closed, first_word = assembler(), [], {}
    for kind, symbol, i, price in script:
        if kind == "bar":
            one = bar(symbol, OPEN + i * NS_PER_MINUTE, price)
            if subject.add(one) is None:
                first_word[one.minute_ns, symbol] = price
            closed += subject.close_complete(0)
        else:
            closed += subject.close_through(MINUTES[i], 0)
    labels = [m.minute_ns for m in closed]
    assert labels == MINUTES[: len(labels)]
    for minute in closed:
        for n, symbol in enumerate(SYMBOLS):
            price = first_word.get((minute.minute_ns, symbol))
            assert bool(minute.present[n]) is (price is not None)
            assert int(minute.close[n]) == (price or 0)


@given(st.permutations([(s, m) for s in SYMBOLS for m in MINUTES[:LENGTH]]))
def test_the_order_of_arrival_does_not_matter(order: list[tuple[str, int]]) -> None:
    subject = assembler()
    closed: list[MinuteClosed] = []
    for symbol, minute_ns in order:
        assert subject.add(bar(symbol, minute_ns)) is None
        closed += subject.close_complete(7)
    assert [m.minute_ns for m in closed] == MINUTES[:LENGTH]
    assert all(m.present.all() for m in closed)


def test_late_double_and_corrected_bars_are_counted_and_rewrite_nothing() -> None:
    subject = assembler()
    subject.add(bar("A", MINUTES[0]))
    assert subject.add(bar("A", MINUTES[0])) == "a repetition"
    assert subject.add(bar("A", MINUTES[0], 101)) == "a correction: the first word stands"
    (minute,) = subject.close_through(MINUTES[0], 9)
    assert (int(minute.close[0]), minute.ts_event_ns) == (100, 9)
    assert subject.add(bar("B", MINUTES[0])) == "late: its minute is closed"
    assert subject.add(bar("Z", MINUTES[1])) == "of a symbol that nobody asked for"
    assert subject.add(bar("A", FIRST.close_ns)) == "outside regular hours"
    assert sum(subject.oddities.values()) == 5


def test_what_came_too_late_is_kept_with_what_it_corrects() -> None:
    subject = assembler()
    subject.add(bar("A", MINUTES[0]))
    subject.add(bar("A", MINUTES[0], 101), updated=True)
    subject.close_through(MINUTES[0], 9)
    subject.add(bar("A", MINUTES[0], 102), updated=True)
    subject.add(bar("A", MINUTES[0], 103))
    subject.add(bar("A", MINUTES[0]))  # says nothing new
    subject.add(bar("B", MINUTES[0], 104))
    told = [(c.symbol, c.minute_ns, c.kind, c.old and c.old.close, c.new and c.new.close) for c in subject.drain_corrections()]
    assert told == [
        ("A", MINUTES[0], "update", 100, 101),
        ("A", MINUTES[0], "update", 100, 102),
        ("A", MINUTES[0], "repeat", 100, 103),
        ("B", MINUTES[0], "late", None, 104),
    ]
    assert subject.drain_corrections() == []


def test_minutes_that_another_source_closed_are_left_out_and_nothing_late_is_said_of_them() -> None:
    subject = assembler()
    subject.add(bar("A", MINUTES[0]))
    subject.add(bar("A", MINUTES[2]))
    subject.skip_through(MINUTES[1])
    assert subject.next_minute() == MINUTES[2]
    assert subject.add(bar("B", MINUTES[1])) == "of a minute taken from another source"
    (minute,) = subject.close_through(MINUTES[2], 0)
    assert (minute.feed, minute.present.tolist()) == ("test", [True, False, False])
    assert subject.drain_corrections() == []


def test_a_minute_says_when_a_bar_of_it_came_over_rest() -> None:
    subject = assembler()
    for n, over_rest in ((0, False), (1, True), (2, False)):
        subject.add(bar("A", MINUTES[n]))
        subject.add(bar("B", MINUTES[n]), over_rest=over_rest)
    assert [m.feed for m in subject.close_through(MINUTES[2], 0)] == ["test", "test rest", "test"]


def test_history_leaves_out_minutes_without_any_bar_and_live_does_not() -> None:
    subject = assembler()
    subject.add(bar("A", MINUTES[2]))
    assert [m.minute_ns for m in subject.close_through(MINUTES[3], 0, is_history=True)] == [MINUTES[2]]
    assert [m.minute_ns for m in subject.close_through(MINUTES[6], 0)] == MINUTES[4:7]


def test_trades_and_the_quotes_at_the_start_go_with_the_bars_of_their_minute() -> None:
    subject = Assembler(SYMBOLS, TABLE, "test", OPEN - NS_PER_MINUTE, QuoteBook(SYMBOLS))
    assert subject.quotes is not None
    subject.quotes.add([quote("A", MINUTES[0], 90), quote("B", MINUTES[0] + 1, 80), quote("C", MINUTES[0], 70)])
    subject.add(bar("A", MINUTES[0], trades=5))
    subject.add(bar("B", MINUTES[0], trades=6))
    (minute,) = subject.close_through(MINUTES[0], 0)
    assert minute.tape is not None
    # B's quote came after the start; C has no bar.
    assert minute.tape.tolist() == [[90, 190, 5, 300, 400], [0, 0, 6, 0, 0], [0, 0, 0, 0, 0]]
    subject.add(bar("B", MINUTES[1]))
    (minute,) = subject.close_through(MINUTES[1], 0)
    assert minute.tape is not None
    assert minute.tape.tolist() == [[0] * 5, [80, 180, 0, 300, 400], [0] * 5]


def test_history_knows_no_quotes_and_nothing_known_is_no_tape() -> None:
    subject = Assembler(SYMBOLS, TABLE, "test", OPEN - NS_PER_MINUTE, QuoteBook(SYMBOLS))
    assert subject.quotes is not None
    subject.quotes.add([quote("A", MINUTES[0], 90)])
    subject.add(bar("A", MINUTES[0], trades=5))
    subject.add(bar("A", MINUTES[1]))
    first, second = subject.close_through(MINUTES[1], 0, is_history=True)
    assert first.tape is not None
    assert first.tape[0].tolist() == [0, 0, 5, 0, 0]
    assert second.tape is None


def test_macro_values_are_asked_for_once_a_session_and_all_absent_is_none() -> None:
    asked: list[dt.date] = []

    def macro_of(date: dt.date) -> Float | None:
        asked.append(date)
        return np.array([20.34, np.nan, np.nan]) if date == SECOND.date else np.full(3, np.nan)

    subject = Assembler(SYMBOLS, TABLE, "test", OPEN - NS_PER_MINUTE, macro_of=macro_of)
    closed = subject.close_through(MINUTES[-1], 0)
    assert asked == [FIRST.date, SECOND.date]
    assert [m.macro is None for m in closed] == [True] * LENGTH + [False] * LENGTH
    assert closed[-1].macro is not None
    assert closed[-1].macro[0] == 20.34
