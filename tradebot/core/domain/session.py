"""Exchange sessions as data: a table of opens and closes that the shell computes and the core only looks up."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right

import msgspec

from tradebot.core.domain.units import NS_PER_MINUTE

FULL_SESSION_MINUTES = 390


class Session(msgspec.Struct, frozen=True):
    """One regular trading session. `open_ns <= t < close_ns` in UTC nanoseconds."""

    date: dt.date
    open_ns: int
    close_ns: int

    @property
    def minutes(self) -> int:
        return (self.close_ns - self.open_ns) // NS_PER_MINUTE

    @property
    def is_half_day(self) -> bool:
        return self.minutes < FULL_SESSION_MINUTES

    def contains(self, ts_ns: int) -> bool:
        return self.open_ns <= ts_ns < self.close_ns

    def minute_index(self, minute_ns: int) -> int:
        """0 for the first minute of the session."""
        return (minute_ns - self.open_ns) // NS_PER_MINUTE


class SessionTable(msgspec.Struct, frozen=True):
    """Sessions, oldest first. Look-ups are by binary search; a time outside the table's span is an error of the caller."""

    sessions: tuple[Session, ...]

    def at(self, ts_ns: int) -> Session | None:
        """The session that is open at `ts_ns`, or None."""
        last = self._last_opened(ts_ns)
        return last if last is not None and last.contains(ts_ns) else None

    def on(self, date: dt.date) -> Session | None:
        """The session of a date, or None on a day without one."""
        i = bisect_right(self.sessions, date, key=lambda s: s.date) - 1
        return self.sessions[i] if i >= 0 and self.sessions[i].date == date else None

    def next_open(self, ts_ns: int) -> Session | None:
        """The first session that opens after `ts_ns`, or None at the end of the table."""
        i = bisect_right(self.sessions, ts_ns, key=lambda s: s.open_ns)
        return self.sessions[i] if i < len(self.sessions) else None

    def current_or_next(self, ts_ns: int) -> Session | None:
        """The session that is open, or else the next one."""
        return self.at(ts_ns) or self.next_open(ts_ns)

    def between(self, first: dt.date, last: dt.date) -> tuple[Session, ...]:
        """Sessions with `first <= date <= last`."""
        return tuple(s for s in self.sessions if first <= s.date <= last)

    def _last_opened(self, ts_ns: int) -> Session | None:
        i = bisect_right(self.sessions, ts_ns, key=lambda s: s.open_ns) - 1
        return self.sessions[i] if i >= 0 else None
