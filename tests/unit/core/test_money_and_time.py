"""Units, ticks, sessions and the timetable: expected answers are data."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.domain.events import TickKind
from tradebot.core.domain.session import Session, SessionTable
from tradebot.core.domain.timetable import TimetableConfig, day_plan
from tradebot.core.domain.units import (
    NS_PER_MINUTE,
    notional_from_text,
    price_ceil_to_tick,
    price_floor_to_tick,
    units_from_text,
    units_nearest,
    usd_text,
)


def ns(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).timestamp()) * 10**9


SUMMER = Session(dt.date(2013, 10, 9), ns("2013-10-09T13:30+00:00"), ns("2013-10-09T20:00+00:00"))
HALF_DAY = Session(dt.date(2013, 11, 29), ns("2013-11-29T14:30+00:00"), ns("2013-11-29T18:00+00:00"))
TABLE = SessionTable((SUMMER, HALF_DAY))


@pytest.mark.parametrize(
    ("text", "units"), [("150.00", 1_500_000), ("0.0001", 1), ("-3.5", -35_000), ("0.00005", 0), ("0.00015", 2), ("1e2", 1_000_000)]
)
def test_units_from_text(text: str, units: int) -> None:
    assert units_from_text(text) == units


@pytest.mark.parametrize("text", ["", "abc", "NaN", "Infinity"])
def test_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        units_from_text(text)


@pytest.mark.parametrize("usd", [float("nan"), float("inf"), float("-inf")])
def test_a_wire_number_must_be_finite(usd: float) -> None:
    with pytest.raises(ValueError, match="not a finite price"):
        units_nearest(usd)


@given(st.integers(-(10**15), 10**15))
def test_text_and_units_are_inverse(units: int) -> None:
    assert units_from_text(usd_text(units)) == units


def test_a_periodic_average_price_gives_back_the_exact_notional() -> None:
    assert notional_from_text("33.333333333333", 3) == 1_000_000


@given(st.integers(1, 10**8))
def test_ticks_enclose_the_price(price: int) -> None:
    low, high = price_floor_to_tick(price), price_ceil_to_tick(price)
    assert low <= price <= high
    assert high - low <= (100 if price >= 10_000 else 1)
    assert low % (100 if price >= 10_000 else 1) == 0


def test_sessions_are_looked_up_by_instant_and_date() -> None:
    assert TABLE.at(SUMMER.open_ns) is SUMMER
    assert TABLE.at(SUMMER.open_ns - 1) is None
    assert TABLE.at(SUMMER.close_ns) is None
    assert TABLE.next_open(SUMMER.open_ns) is HALF_DAY
    assert TABLE.next_open(HALF_DAY.open_ns) is None
    assert TABLE.current_or_next(SUMMER.close_ns) is HALF_DAY
    assert TABLE.on(dt.date(2013, 10, 10)) is None
    assert (SUMMER.is_half_day, HALF_DAY.is_half_day, HALF_DAY.minutes) == (False, True, 210)


def test_a_half_day_and_winter_time_move_the_ticks() -> None:
    assert day_plan(SUMMER, TimetableConfig(), 5) == (
        (ns("2013-10-09T08:00+00:00"), TickKind.REBALANCE),
        (SUMMER.open_ns, TickKind.SESSION_OPEN),
        (ns("2013-10-09T19:55+00:00"), TickKind.FLATTEN),
        (SUMMER.close_ns, TickKind.SESSION_CLOSE),
        (ns("2013-10-10T00:00+00:00"), TickKind.RETRAIN),
    )
    assert day_plan(HALF_DAY, TimetableConfig(), 5) == (
        (ns("2013-11-29T09:00+00:00"), TickKind.REBALANCE),
        (HALF_DAY.open_ns, TickKind.SESSION_OPEN),
        (HALF_DAY.close_ns - 5 * NS_PER_MINUTE, TickKind.FLATTEN),
        (HALF_DAY.close_ns, TickKind.SESSION_CLOSE),
        (ns("2013-11-30T01:00+00:00"), TickKind.RETRAIN),
    )
