"""Quotes from the wire: exact, refused by name when they lie, and the one that stood at each minute's start."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.shell.feeds.bar_wire import Frame, frames
from tradebot.shell.feeds.quote_book import NOBODY, QuoteBook
from tradebot.shell.feeds.quote_wire import Quote, QuoteFault, quote_of_frame, quote_of_json

OPEN = 1_381_325_400 * 10**9
GOOD: dict[str, Any] = {
    "t": "2013-10-09T13:30:00.000000001Z", "ap": 166.02, "as": 300, "ax": "V", "bp": 166.01, "bs": 200, "bx": "V", "c": ["R"], "z": "B",
}  # fmt: skip


def test_a_good_quote_is_exact_from_frame_and_from_rest() -> None:
    expected = Quote("SPY", OPEN + 1, 1_660_100, 1_660_200, 200, 300)
    assert quote_of_json("SPY", GOOD) == expected
    bar = {"T": "b", "S": "SPY", "t": "2013-10-09T13:30:00Z", "o": 1, "h": 1, "l": 1, "c": 1, "v": 1}
    quote, beside = frames(json.dumps([{"T": "q", "S": "SPY", **GOOD}, bar]))
    assert isinstance(quote, Frame)  # the fast decoder, though `c` is a bar's close and a quote's conditions
    assert isinstance(beside, Frame)
    assert quote_of_frame(quote) == expected


def test_a_side_without_a_price_is_none_and_a_quote_that_binds_nobody_has_no_sides() -> None:
    assert quote_of_json("SPY", GOOD | {"bp": 0, "bs": 100}) == Quote("SPY", OPEN + 1, 0, 1_660_200, 0, 300)
    assert quote_of_json("SPY", GOOD | {"c": ["R", "N"]}) == Quote("SPY", OPEN + 1, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bp": -1.0}, "field bp is no price: -1.0"),
        ({"ap": float("nan")}, "field ap is no price: nan"),
        ({"ap": float("inf")}, "field ap is no price: inf"),
        ({"ap": None}, "field ap is no price: None"),
        ({"bp": "166"}, "field bp is no price: '166'"),
        ({"bs": -5}, "field bs is no number of shares: -5"),
        ({"as": True}, "field as is no number of shares: True"),
        ({"t": "soon"}, "field t is no time: 'soon'"),
        ({"t": None}, "field t is no time: None"),
    ],
)
def test_a_quote_that_cannot_be_true_is_refused_with_symbol_time_and_field(change: dict[str, Any], words: str) -> None:
    with pytest.raises(QuoteFault, match="quote of SPY") as refusal:
        quote_of_json("SPY", GOOD | change)
    assert words in str(refusal.value)
    with pytest.raises(QuoteFault, match="field S is missing"):
        quote_of_json("", GOOD)


def quote(ts_ns: int, bid: int) -> Quote:
    return Quote("A", ts_ns, bid, bid + 1, 2, 3)


quotes = st.lists(st.tuples(st.integers(0, 4 * NS_PER_MINUTE), st.integers(1, 1_000)), max_size=12, unique_by=lambda q: q[0])


@given(quotes, st.randoms(use_true_random=False))
def test_the_last_quote_at_or_before_a_minutes_start_stands_whatever_the_order_of_arrival(
    told: list[tuple[int, int]], random: Random
) -> None:
    """Those of three minutes arrive mixed up, before the first of them closes; later ones come as minutes pass."""
    book = QuoteBook(("A",))
    for minute in range(5):
        due = [(ts_ns, bid) for ts_ns, bid in told if minute in (0, 3) and minute <= -(-ts_ns // NS_PER_MINUTE) < minute + 3]
        random.shuffle(due)
        book.add(quote(ts_ns, bid) for ts_ns, bid in due)
        start_ns = minute * NS_PER_MINUTE
        seen = [(ts_ns, bid) for ts_ns, bid in told if ts_ns <= start_ns]
        expected = max(seen)[1] if seen else 0
        assert book.standing("A", start_ns)[0] == expected
        book.passed(start_ns, start_ns + NS_PER_MINUTE)


def test_a_quote_of_yesterday_does_not_stand_today_but_one_from_before_the_open_does() -> None:
    close, tomorrow = OPEN + NS_PER_MINUTE, OPEN + 1_000 * NS_PER_MINUTE
    book = QuoteBook(("A",))
    book.add([quote(OPEN, 10), quote(close, 11)])
    book.passed(OPEN, tomorrow)
    assert book.standing("A", tomorrow) == NOBODY
    book.add([quote(close + 5, 12), quote(tomorrow - 5, 13)])
    assert book.standing("A", tomorrow) == (13, 14, 0, 2, 3)
    early = QuoteBook(("A",))
    early.add([quote(tomorrow - 5, 13)])  # asked for before the history of the day before is closed
    early.passed(OPEN, tomorrow)
    assert early.standing("A", tomorrow)[0] == 13


def test_after_a_gap_nobody_knows_what_stands() -> None:
    book = QuoteBook(("A",))
    book.add([quote(OPEN, 10), Quote("Z", OPEN, 1, 1, 1, 1)])
    book.forget()
    assert book.standing("A", OPEN) == NOBODY
    assert book.forgotten == 1


def test_what_is_kept_does_not_grow_with_the_quotes() -> None:
    book = QuoteBook(("A",))
    for i in range(10_000):
        book.add([quote(OPEN + i * 10**7, i)])
    assert sum(len(held) for held in book._held.values()) == 3  # one for each minute start that they can stand at
