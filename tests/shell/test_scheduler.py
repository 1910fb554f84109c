"""Ticks from the session table: half days, daylight saving, late starts; one record a job and session."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

from tradebot.core.domain.events import Event, JobEnded, Tick
from tradebot.core.domain.session import Session, SessionTable
from tradebot.core.domain.timetable import TimetableConfig
from tradebot.core.domain.units import NS_PER_S
from tradebot.shell.calendar import session_table
from tradebot.shell.clock import Alarm
from tradebot.shell.inbox import Inbox
from tradebot.shell.lockstep import FrameTally, LockstepClock
from tradebot.shell.quiet import Quiet
from tradebot.shell.scheduler import Scheduler

NEW_YORK = ZoneInfo("America/New_York")


def at(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp()) * NS_PER_S


def local(ts_ns: int) -> str:
    return dt.datetime.fromtimestamp(ts_ns // NS_PER_S, NEW_YORK).strftime("%m-%d %H:%M")


async def never(*_: object) -> None:
    raise AssertionError("nothing is asked of a server here")


def ticked(now: str, until: str, sessions: SessionTable, outcomes: dict[str, str] | None = None, of: str | None = None) -> list[Event]:
    """All that the scheduler puts into the inbox between two instants. `outcomes` are those of a day, today's if none is named."""
    quiet = Quiet()
    inbox = Inbox(quiet)
    clock = LockstepClock(at(now), never, never, quiet, FrameTally(), lambda: 0, lambda severity, message: None)

    def known(date: dt.date) -> dict[str, str]:
        return (outcomes or {}) if date.isoformat() == (of or now[:10]) else {}

    Scheduler(clock, inbox, sessions, TimetableConfig(), 5, known).start()
    while (entry := clock._next()) is not None and entry.ts_ns <= at(until):
        clock._heap.remove(entry)
        clock._now_ns = entry.ts_ns
        assert entry.ring is not None
        entry.ring()
    return [inbox._queue.get_nowait() for _ in range(len(inbox))]


def table(first: str, last: str) -> SessionTable:
    return session_table(dt.date.fromisoformat(first), dt.date.fromisoformat(last))


async def test_a_half_day_and_the_next_full_one() -> None:
    events = ticked("2013-11-29T03:00", "2013-12-02T23:00", table("2013-11-25", "2013-12-06"))
    ticks = [(e.kind.value, local(e.due_ns)) for e in events if isinstance(e, Tick)]
    assert ticks == [
        ("rebalance", "11-29 04:00"),
        ("session_open", "11-29 09:30"),
        ("flatten", "11-29 12:55"),
        ("session_close", "11-29 13:00"),
        ("retrain", "11-29 20:00"),
        ("rebalance", "12-02 04:00"),
        ("session_open", "12-02 09:30"),
        ("flatten", "12-02 15:55"),
        ("session_close", "12-02 16:00"),
        ("retrain", "12-02 20:00"),
    ]
    records = [(e.session.isoformat(), e.job) for e in events if isinstance(e, JobEnded)]
    assert len(records) == len(set(records)) == 8  # a training writes its own record


async def test_daylight_saving_moves_the_utc_instants() -> None:
    events = ticked("2013-11-01T03:00", "2013-11-04T23:00", table("2013-10-28", "2013-11-08"))
    opens = [e.due_ns for e in events if isinstance(e, Tick) and e.kind.value == "session_open"]
    assert [dt.datetime.fromtimestamp(ns // NS_PER_S, dt.UTC).hour for ns in opens] == [13, 14]


async def test_a_late_start_makes_up_for_what_reduces_risk_and_records_the_rest_as_skipped() -> None:
    events = ticked("2013-10-09T15:57", "2013-10-09T15:58", table("2013-10-07", "2013-10-11"))
    assert [(e.kind.value, local(e.due_ns)) for e in events if isinstance(e, Tick)] == [
        ("rebalance", "10-09 04:00"),
        ("session_open", "10-09 09:30"),
        ("flatten", "10-09 15:55"),
    ]
    after_close = ticked("2013-10-09T17:00", "2013-10-09T17:00", table("2013-10-07", "2013-10-11"))
    assert {(e.job, e.outcome) for e in after_close if isinstance(e, JobEnded)} == {
        (job, "skipped") for job in ("rebalance", "session_open", "flatten", "session_close")
    }
    assert not [e for e in after_close if isinstance(e, Tick)]


async def test_a_job_with_a_record_does_not_run_again_after_a_restart() -> None:
    events = ticked("2013-10-09T10:00", "2013-10-09T10:00", table("2013-10-07", "2013-10-11"), {"rebalance": "ran", "session_open": "ran"})
    assert events == []


async def test_a_life_that_ended_during_the_training_leaves_a_record_behind_at_the_next_start() -> None:
    ran = dict.fromkeys(("rebalance", "session_open", "flatten", "session_close"), "ran")
    events = ticked("2013-10-08T20:10", "2013-10-08T20:10", table("2013-10-07", "2013-10-11"), ran)
    assert [(e.job, e.session.isoformat(), e.outcome) for e in events if isinstance(e, JobEnded)] == [("retrain", "2013-10-08", "skipped")]
    assert ticked("2013-10-08T20:10", "2013-10-08T20:10", table("2013-10-07", "2013-10-11"), ran, of="2013-10-07") == []


async def test_an_alarm_that_came_too_late_still_ticks_but_trains_nothing() -> None:
    sessions = SessionTable((Session(dt.date(2013, 10, 9), at("2013-10-09T09:30"), at("2013-10-09T16:00")),))
    quiet = Quiet()
    inbox, missed = Inbox(quiet), list[Callable[[], None]]()

    class Sleeping(LockstepClock):
        def call_at(self, ts_ns: int, ring: Callable[[], None], name: str, too_late: Callable[[], None] | None = None) -> Alarm:
            assert too_late is not None
            missed.append(too_late)
            return super().call_at(ts_ns, ring, name)

    clock = Sleeping(at("2013-10-09T03:00"), never, never, quiet, FrameTally(), lambda: 0, lambda severity, message: None)
    Scheduler(clock, inbox, sessions, TimetableConfig(), 5, lambda date: {}).start()
    for late in missed:
        late()
    events = [inbox._queue.get_nowait() for _ in range(len(inbox))]
    assert [e.kind.value for e in events if isinstance(e, Tick)] == ["rebalance", "session_open", "flatten", "session_close"]
    assert [(e.job, e.outcome) for e in events if isinstance(e, JobEnded)][-1] == ("retrain", "skipped")
