"""The timetable's ticks, set from the session table; one outcome record per job and session (I24)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Final

from tradebot.core.domain.events import JobEnded, Tick, TickKind
from tradebot.core.domain.session import Session, SessionTable
from tradebot.core.domain.timetable import TimetableConfig, day_plan
from tradebot.shell.clock import Clock
from tradebot.shell.crash_points import reach
from tradebot.shell.inbox import Inbox

# A daemon that starts late makes up for these while the session lasts: they reset the day's risk or reduce it.
CAUGHT_UP: Final = frozenset({TickKind.REBALANCE, TickKind.SESSION_OPEN, TickKind.FLATTEN})


class Scheduler:
    """Sets one session's alarms, and the next session's when the last of them has rung.

    `outcomes` tells which jobs of a session have a record already; a retrain's record is written by whoever trains.
    """

    def __init__(
        self,
        clock: Clock,
        inbox: Inbox,
        sessions: SessionTable,
        timetable: TimetableConfig,
        flatten_before_close_min: int,
        outcomes: Callable[[dt.date], Mapping[str, str]],
    ) -> None:
        self._clock = clock
        self._inbox = inbox
        self._sessions = sessions
        self._timetable = timetable
        self._flatten_before_close_min = flatten_before_close_min
        self._outcomes = outcomes
        self._left = 0

    def start(self) -> None:
        """Begin with the first session whose plan is not over; what an earlier life left open of the one before is recorded."""
        now_ns = self._clock.now_ns()
        before: Session | None = None
        for session in self._sessions.sessions:
            if self._plan(session)[-1][0] > now_ns:
                if before is not None:
                    self._record_open(before)
                self._set(session, caught_up=True)
                return
            before = session

    def _record_open(self, session: Session) -> None:
        """A life that ended in the middle, such as during the evening's training. A session that nobody saw has no records."""
        outcomes = self._outcomes(session.date)
        for _, kind in self._plan(session) if outcomes else ():
            if kind.value not in outcomes:
                self._skip(session, kind, "the daemon ended before its outcome was known")

    def _plan(self, session: Session) -> list[tuple[int, TickKind]]:
        return sorted(day_plan(session, self._timetable, self._flatten_before_close_min), key=lambda due: due[0])

    def _set(self, session: Session, *, caught_up: bool = False) -> None:
        now_ns = self._clock.now_ns()
        outcomes = self._outcomes(session.date) if caught_up else {}
        for due_ns, kind in self._plan(session):
            if kind.value in outcomes:
                continue
            if due_ns >= now_ns:
                self._left += 1
                self._alarm(session, kind, due_ns)
            elif kind in CAUGHT_UP and now_ns < session.close_ns:
                self._tick(session, kind, due_ns, "late: the daemon was not running when it was due")
            else:
                self._skip(session, kind, "the daemon was not running when it was due")
        if not self._left:
            self._next(session)

    def _alarm(self, session: Session, kind: TickKind, due_ns: int) -> None:
        def ring() -> None:
            self._tick(session, kind, due_ns, "")
            self._done(session)

        def missed() -> None:
            if kind is TickKind.RETRAIN:
                self._skip(session, kind, "its alarm came too late")
            else:
                self._tick(session, kind, due_ns, "late: the alarm was missed")
            self._done(session)

        self._clock.call_at(due_ns, ring, f"{kind.value} {session.date}", missed)

    def _tick(self, session: Session, kind: TickKind, due_ns: int, reason: str) -> None:
        now_ns = self._clock.now_ns()
        reach("tick_not_set")
        self._inbox.put(Tick(ts_event_ns=now_ns, kind=kind, session=session.date, due_ns=due_ns))
        reach("tick_not_recorded")
        if kind is not TickKind.RETRAIN:
            self._inbox.put(JobEnded(ts_event_ns=now_ns, job=kind.value, session=session.date, outcome="ran", reason=reason))

    def _skip(self, session: Session, kind: TickKind, reason: str) -> None:
        self._inbox.put(JobEnded(ts_event_ns=self._clock.now_ns(), job=kind.value, session=session.date, outcome="skipped", reason=reason))

    def _done(self, session: Session) -> None:
        self._left -= 1
        if not self._left:
            self._next(session)

    def _next(self, session: Session) -> None:
        following = self._sessions.next_open(session.open_ns)
        if following is not None:
            self._set(following)
