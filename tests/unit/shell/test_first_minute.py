"""Where the bars of a start begin: enough for the warm-up, all of the session under way, nothing twice."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from tradebot.core.domain.events import MinuteClosed
from tradebot.core.domain.session import Session, SessionTable
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.shell.feeds.warm_up import warm_up_from
from tradebot.shell.live_bars import first_minute_ns

DAY_NS = 1440 * NS_PER_MINUTE
OPEN = 1_381_325_400 * 10**9
TABLE = SessionTable(
    tuple(Session(dt.date(2013, 10, 1 + d), OPEN + d * DAY_NS, OPEN + d * DAY_NS + 390 * NS_PER_MINUTE) for d in range(10))
)


def moment(day: int, minute: int) -> int:
    return OPEN + day * DAY_NS + minute * NS_PER_MINUTE


@pytest.mark.parametrize(
    ("now", "bars", "first"),
    [
        ((3, 100), 50, (3, 0)),  # the session under way from its open, though less would do
        ((3, 100), 100, (3, 0)),
        ((3, 100), 101, (2, 389)),
        ((3, 0), 30, (2, 360)),
        ((3, -5), 400, (1, 380)),  # before the open
        ((3, 600), 30, (3, 360)),  # after the close
        ((3, 100), 0, (3, 0)),
        ((3, 600), 0, (3, 600)),
        ((1, 5), 10_000, (0, 0)),  # more than the table holds
    ],
)
def test_the_warm_up_begins(now: tuple[int, int], bars: int, first: tuple[int, int]) -> None:
    assert warm_up_from(TABLE, moment(*now), bars) == moment(*first)


def closed(day: int, minute: int) -> MinuteClosed:
    none, no = np.zeros(0, np.int64), np.zeros(0, np.bool_)
    return MinuteClosed(
        ts_event_ns=0, minute_ns=moment(day, minute), symbols=(), open=none, high=none, low=none, close=none, volume=none, present=no
    )


@pytest.mark.parametrize(
    ("last", "first"),
    [
        ((8, 99), (8, 100)),  # a restart in the same session
        ((5, 300), (5, 301)),  # some days ago: the gap is filled
        ((0, 10), (8, 0)),  # long ago: the features warm up anew
        (None, (8, 0)),
    ],
)
def test_a_restart_continues_where_the_journal_ended(last: tuple[int, int] | None, first: tuple[int, int]) -> None:
    assert first_minute_ns(closed(*last) if last is not None else None, TABLE, moment(8, 150), 100) == moment(*first)
