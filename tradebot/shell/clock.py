"""The daemon's only clock. A real market gives the wall clock, a simulated one a faster or a stepped one (`clock_from_broker`).

Everything in the shell asks `now_ns` and sets alarms here, so that the same daemon runs a real day and an accelerated one.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import time
from collections.abc import Callable
from typing import Final, Protocol

from apscheduler.events import EVENT_JOB_MISSED, JobExecutionEvent
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger

from tradebot.core.domain.units import NS_PER_S

Report = Callable[[str, str], None]  # severity, message

MISFIRE_S: Final = 300  # an alarm later than this is not rung but reported as missed
WAKE_S: Final = 15  # the scheduler looks at the wall at least this often: a laptop's sleep or a set clock delays no alarm for longer
SKEW_NS_MAX: Final = 2 * NS_PER_S


class Alarm(Protocol):
    def cancel(self) -> None:
        """Silence it; no-op when it has rung."""
        ...


class Clock(Protocol):
    @property
    def pace(self) -> float:
        """Nanoseconds of this clock per nanosecond of the wall; 0 when it moves only by steps."""
        ...

    def now_ns(self) -> int:
        """Never runs backwards."""
        ...

    def call_at(self, ts_ns: int, ring: Callable[[], None], name: str, missed: Callable[[], None] | None = None) -> Alarm:
        """Ring once at an instant, or at once when it has passed. `missed` is called instead when the alarm came too late to ring."""
        ...

    async def run(self) -> None:
        """Let time pass, until cancelled."""
        ...

    def close(self) -> None: ...


class _JobAlarm:
    def __init__(self, scheduler: AsyncIOScheduler, job_id: str) -> None:
        self._scheduler = scheduler
        self._job_id = job_id

    def cancel(self) -> None:
        try:
            self._scheduler.remove_job(self._job_id)
        except JobLookupError:
            return  # it has rung


class AffineClock:
    """`origin_ns` at the moment of construction, then `speed` times as fast as the wall. Alarms are APScheduler date jobs.

    Misfire settings are explicit (WIRE.md section 7): grace `MISFIRE_S`, coalesced, one instance; a missed job is reported and its
    `missed` called, never dropped silently.
    """

    def __init__(self, origin_ns: int, speed: float, report: Report) -> None:
        assert speed > 0, "a clock must run"
        self._wall_origin_ns = time.time_ns()
        self._origin_ns = origin_ns
        self._speed = speed
        self._report = report
        self._last_ns = origin_ns
        self._ids = itertools.count()
        self._missed: dict[str, tuple[str, Callable[[], None] | None]] = {}
        self._scheduler = AsyncIOScheduler(
            timezone=dt.UTC, job_defaults={"misfire_grace_time": MISFIRE_S, "coalesce": True, "max_instances": 1}
        )
        self._scheduler.add_listener(self._on_missed, EVENT_JOB_MISSED)
        self._scheduler.start()
        self._scheduler.add_job(_wake, IntervalTrigger(seconds=WAKE_S, timezone=dt.UTC), id="wake", misfire_grace_time=None)

    @property
    def pace(self) -> float:
        return self._speed

    def now_ns(self) -> int:
        elapsed_ns = time.time_ns() - self._wall_origin_ns
        now_ns = self._origin_ns + (elapsed_ns if self._speed == 1 else round(elapsed_ns * self._speed))
        self._last_ns = max(self._last_ns, now_ns)
        return self._last_ns

    def call_at(self, ts_ns: int, ring: Callable[[], None], name: str, missed: Callable[[], None] | None = None) -> Alarm:
        wall_ns = self._wall_origin_ns + round((ts_ns - self._origin_ns) / self._speed)
        wall_ns = max(wall_ns, time.time_ns())
        job_id = f"{name} {next(self._ids)}"

        async def fire() -> None:  # a coroutine runs on the loop; APScheduler would put a plain function into a thread
            self._missed.pop(job_id, None)
            ring()

        self._missed[job_id] = (name, missed)
        # Rounded up to the scheduler's microseconds: an alarm never rings before its instant.
        at = dt.datetime.fromtimestamp(0, dt.UTC) + dt.timedelta(microseconds=-(-wall_ns // 1_000))
        self._scheduler.add_job(
            fire,
            DateTrigger(at, timezone=dt.UTC),
            id=job_id,
            name=name,
            misfire_grace_time=MISFIRE_S,
            coalesce=True,
            max_instances=1,
        )
        return _JobAlarm(self._scheduler, job_id)

    def _on_missed(self, event: JobExecutionEvent) -> None:
        name, missed = self._missed.pop(event.job_id, (event.job_id, None))
        self._report("critical", f"alarm missed: {name}, due {event.scheduled_run_time.isoformat()}")
        if missed is not None:
            missed()

    async def run(self) -> None:
        """The wall lets time pass by itself."""
        await asyncio.Event().wait()

    def close(self) -> None:
        self._scheduler.shutdown(wait=False)


async def _wake() -> None:
    """Nothing: waking is the purpose."""


def wall_clock(broker_now_ns: int, answer_ns: int, report: Report) -> AffineClock:
    """The wall's own time; a broker's clock that differs by more than 2 s (and the answer's travel) is reported."""
    skew_ns = broker_now_ns - time.time_ns()
    if abs(skew_ns) > SKEW_NS_MAX + answer_ns:
        report("critical", f"this computer's clock differs from the broker's by {skew_ns / NS_PER_S:+.1f} s")
    return AffineClock(time.time_ns(), 1.0, report)
