"""The computer's clock as the world sets it: right, stepped, or past an alarm because the computer slept.

It keeps what `shell/clock.AffineClock` keeps on the wall: it never runs backwards, an alarm never rings before its instant, the wall is
looked at again at least every `WAKE_S`, and an alarm that comes later than `MISFIRE_S` is missed, not rung.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

from scripts.simulation.loop import NS_PER_S
from scripts.simulation.timeline import Timeline
from tradebot.shell.clock import MISFIRE_S, WAKE_S, Report


@dataclass(slots=True)
class Wall:
    """What the computer believes the time to be: the world's plus an error that faults set."""

    timeline: Timeline
    error_ns: int = 0
    stepped: Callable[[], None] = lambda: None

    def now_ns(self) -> int:
        return self.timeline.now_ns + self.error_ns

    def step(self, error_ns: int) -> None:
        """Somebody sets the clock: a program that sleeps sees it when it next looks."""
        self.error_ns = error_ns
        self.stepped()


@dataclass(order=True, slots=True)
class _Alarm:
    ts_ns: int
    number: int
    ring: Callable[[], None] | None = field(compare=False)
    name: str = field(compare=False)
    missed: Callable[[], None] | None = field(compare=False)

    def cancel(self) -> None:
        self.ring = None


class VirtualClock:
    """One life's clock."""

    def __init__(self, wall: Wall, loop: asyncio.AbstractEventLoop, report: Report) -> None:
        self._wall = wall
        self._loop = loop
        self._report = report
        self._last_ns = wall.now_ns()
        self._heap: list[_Alarm] = []
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        wall.stepped = self._wall_stepped

    @property
    def pace(self) -> float:
        return 1.0

    def now_ns(self) -> int:
        self._last_ns = max(self._last_ns, self._wall.now_ns())
        return self._last_ns

    def call_at(self, ts_ns: int, ring: Callable[[], None], name: str, missed: Callable[[], None] | None = None) -> _Alarm:
        alarm = _Alarm(max(ts_ns, self._wall.now_ns()), next(self._numbers), ring, name, missed)
        heapq.heappush(self._heap, alarm)
        if self._heap[0] is alarm:
            self._set_timer()
        return alarm

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._heap and self._heap[0].ring is None:
            heapq.heappop(self._heap)
        if self._heap:
            wait_ns = max(self._heap[0].ts_ns - self._wall.now_ns(), 0)
            self._timer = self._loop.call_later(wait_ns / NS_PER_S, self._look)

    def _wall_stepped(self) -> None:
        """The next look is due within `WAKE_S` of the computer's time, as if the wall had been looked at all along."""
        if self._timer is not None and not self._loop.is_closed():
            self._timer.cancel()
            self._timer = self._loop.call_later(min(WAKE_S, max(self._timer.when() - self._loop.time(), 0.0)), self._look)

    def _look(self) -> None:
        """Ring one alarm at a time: what follows from it comes before the next."""
        self._timer = None
        now_ns = self._wall.now_ns()
        if self._heap and self._heap[0].ts_ns <= now_ns:
            alarm = heapq.heappop(self._heap)
            if alarm.ring is None:
                pass
            elif now_ns - alarm.ts_ns > MISFIRE_S * NS_PER_S:
                self._report("critical", f"alarm missed: {alarm.name}")
                if alarm.missed is not None:
                    alarm.missed()
            else:
                alarm.ring()
        self._set_timer()

    async def run(self) -> None:
        await asyncio.Event().wait()

    def close(self) -> None:
        self._heap.clear()
        if self._timer is not None:
            self._timer.cancel()
