"""Time family: the contract, and every column against Python's own calendar in New York time."""

from __future__ import annotations

import datetime as dt
import math
from zoneinfo import ZoneInfo

import pytest

from tests.unit.features.family import CHECKS, run
from tests.unit.features.hostile import walk
from tradebot.core.features import clock

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize("check", CHECKS)
def test_contract(check) -> None:
    check(clock)


@pytest.mark.parametrize(("minutes", "half"), [(390, 0.0), (210, 1.0)])
def test_the_hour_and_the_day_are_those_of_new_york_in_winter_and_in_summer(minutes: int, half: float) -> None:
    bars = walk(sessions=15, minutes=minutes)
    got, rows = run(clock, bars), bars.frame()
    offsets = set()
    for t in range(0, len(bars), 7):
        when = dt.datetime.fromtimestamp(60 * rows.minute[t], dt.UTC).astimezone(NEW_YORK)
        offsets.add(when.utcoffset())
        since = (when - when.replace(hour=9, minute=30)).total_seconds() / 60
        assert got["hour"][t] == when.hour
        assert got["day_of_week"][t] == when.weekday()
        assert got["minutes_from_open"][t] == since
        assert got["minutes_to_close"][t] == minutes - since - 1
        assert got["session_fraction"][t] == pytest.approx((since + 1) / minutes)
        assert got["minute_sin"][t] == pytest.approx(math.sin(2 * math.pi * since / minutes), abs=1e-12)
        assert got["minute_cos"][t] == pytest.approx(math.cos(2 * math.pi * since / minutes), abs=1e-12)
        assert got["weekday_sin"][t] == pytest.approx(math.sin(2 * math.pi * when.weekday() / 5), abs=1e-12)
        assert got["weekday_cos"][t] == pytest.approx(math.cos(2 * math.pi * when.weekday() / 5), abs=1e-12)
        assert got["is_half_day"][t] == half
    assert len(offsets) == 2
    assert {0.0, 4.0} <= set(got["day_of_week"])
