"""Which minute of which recorded day a person means, or one sentence that names what there is."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from tradebot.app.replay import span
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S
from tradebot.settings import Settings
from tradebot.settings.files import nearest
from tradebot.shell.store.explained import decision_minutes, decision_span

_CLOCK: Final = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
SYMBOLS_NAMED: Final = 12  # in a sentence


@dataclass(frozen=True, slots=True)
class RecordedDay:
    """A day of the profile's time zone, [first_ns, end_ns), and the minutes of it that were decided."""

    date: dt.date
    first_ns: int
    end_ns: int
    minutes: Sequence[int]
    zone: ZoneInfo

    def minute_at(self, text: str) -> int:
        """The decided minute that starts at HH:MM. Raises OperatorFault where there is none."""
        found = _CLOCK.fullmatch(text)
        if found is None:
            raise OperatorFault(f"{text!r} is no minute of a day: write HH:MM, e.g. 10:35")
        at = dt.datetime.combine(self.date, dt.time(int(found[1]), int(found[2])), self.zone)
        minute_ns = int(at.timestamp()) * NS_PER_S
        if minute_ns not in self.minutes:
            first, last = (self.clock(minute) for minute in (self.minutes[0], self.minutes[-1]))
            near = min(self.minutes, key=lambda minute: abs(minute - minute_ns))
            raise OperatorFault(
                f"no decision was made of the minute {text} on {self.date}: there are {len(self.minutes)}, from {first} to {last}, "
                f"the nearest at {self.clock(near)}"
            )
        return minute_ns

    def clock(self, minute_ns: int) -> str:
        """HH:MM in the profile's time zone."""
        return f"{dt.datetime.fromtimestamp(minute_ns // NS_PER_S, self.zone):%H:%M}"


def recorded_day(connection: Connection, settings: Settings, date: dt.date | None) -> RecordedDay:
    """A day, by default the newest one with a decision. Raises OperatorFault where the journal has no decision of it."""
    zone, known = ZoneInfo(settings.timetable.zone), decision_span(connection)
    if known is None:
        raise OperatorFault("the journal holds no decision yet")
    oldest, newest = (dt.datetime.fromtimestamp(minute // NS_PER_S, zone).date() for minute in known)
    chosen = date or newest
    first_ns, end_ns = span(settings, chosen)
    minutes = decision_minutes(connection, first_ns, end_ns)
    if not minutes:
        raise OperatorFault(f"the journal holds no decision of {chosen}: it has some from {oldest} to {newest}")
    return RecordedDay(chosen, first_ns, end_ns, minutes, zone)


def place_of(symbol: str, symbols: Sequence[str], date: dt.date) -> int:
    """A symbol's place in a universe. Raises OperatorFault that names those there are."""
    name = symbol.upper()
    if name not in symbols:
        some = ", ".join(symbols[:SYMBOLS_NAMED]) + (", ..." if len(symbols) > SYMBOLS_NAMED else "")
        raise OperatorFault(f"{symbol} was not among the {len(symbols)} symbols of {date} ({some}){nearest(name, list(symbols))}")
    return symbols.index(name)


def minute_after(minute_ns: int) -> int:
    return minute_ns + NS_PER_MINUTE
