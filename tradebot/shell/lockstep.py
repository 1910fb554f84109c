"""A clock that moves only when all work is done: simulated days run as fast as the machine allows, with the same outcome each time.

The simulated Alpaca in step mode moves its own clock on `POST /sim/advance`. Between two steps this clock waits until nothing is under
way here (`Quiet`) and every frame that the server has counted as sent has been received (`FrameTally`).
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tradebot.core.domain.units import NS_PER_S
from tradebot.shell.clock import Alarm, Report
from tradebot.shell.quiet import Quiet

FAR_NS: Final = 24 * 3_600 * NS_PER_S
FRAME_WAIT_S: Final = 0.5
FRAME_WAITS_MAX: Final = 6

Post = Callable[[str, dict[str, Any]], Awaitable[Any]]
Get = Callable[[str], Awaitable[Any]]


class FrameTally:
    """Data-bearing frames received on the current connection of each stream.

    `told` is clear while a step is under way: frames that arrive before its answer wait until the clock knows the new time.
    """

    def __init__(self) -> None:
        self.told = asyncio.Event()
        self.told.set()
        self._received = {"trade_updates": 0, "data": 0, "massive": 0}
        self._changed = asyncio.Event()

    def connected(self, stream: str) -> None:
        """A new connection counts from zero, on both sides."""
        self._received[stream] = 0
        self._changed.set()

    def received(self, stream: str) -> None:
        self._received[stream] += 1
        self._changed.set()

    def has(self, sent: dict[str, int]) -> bool:
        return all(self._received[stream] >= count for stream, count in sent.items())

    def forgive(self, sent: dict[str, int]) -> None:
        """Frames that were counted but will not come any more."""
        for stream, count in sent.items():
            self._received[stream] = max(self._received[stream], count)

    async def change(self, timeout_s: float) -> bool:
        """True at the next frame or connection, False when none comes in time."""
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), timeout_s)
        except TimeoutError:
            return False
        return True


@dataclass(order=True, slots=True)
class _Entry:
    ts_ns: int
    number: int
    ring: Callable[[], None] | None = field(compare=False)

    def cancel(self) -> None:
        self.ring = None


class LockstepClock:
    """Alarms in a heap of its own. `changes` counts requests that changed something at the server.

    `ended` is called once, when the server has no more bars.
    """

    def __init__(
        self, origin_ns: int, get: Get, post: Post, quiet: Quiet, tally: FrameTally, changes: Callable[[], int], report: Report
    ) -> None:
        self._now_ns = origin_ns
        self._get = get
        self._post = post
        self._quiet = quiet
        self._tally = tally
        self._changes = changes
        self._report = report
        self._settled_changes = changes()
        self._heap: list[_Entry] = []
        self._numbers = itertools.count()
        self.ended: Callable[[], None] | None = None

    @property
    def pace(self) -> float:
        return 0.0

    def now_ns(self) -> int:
        return self._now_ns

    def call_at(self, ts_ns: int, ring: Callable[[], None], name: str, missed: Callable[[], None] | None = None) -> Alarm:
        """`missed` is never called: here no alarm comes late."""
        entry = _Entry(max(ts_ns, self._now_ns), next(self._numbers), ring)
        heapq.heappush(self._heap, entry)
        return entry

    async def run(self) -> None:
        """Settle, ring what is due, step; until cancelled."""
        while True:
            await self.settle()
            entry = self._next()
            if entry is not None and entry.ts_ns <= self._now_ns:
                heapq.heappop(self._heap)
                if entry.ring is not None:
                    entry.ring()
                continue  # one alarm at a time: what follows from it comes before the next
            until_ns = self._now_ns + FAR_NS if entry is None else entry.ts_ns
            self._tally.told.clear()
            answer = await self._post("/sim/advance", {"until_ns": until_ns})
            self._now_ns = max(self._now_ns, int(answer["now_ns"]))
            self._tally.told.set()
            await self._receive(_frames(answer))
            if answer["done"] and self.ended is not None:
                ended, self.ended = self.ended, None
                ended()

    async def settle(self) -> None:
        """Until nothing is under way and nothing that the server has sent is still to come.

        Between two steps the server sends frames only in answer to a change (an order, a cancel), so it is asked only after one.
        """
        while True:
            await self._quiet.idle()
            changes = self._changes()
            if changes == self._settled_changes:
                return
            await self._receive(_frames(await self._get("/sim/frames")))
            self._settled_changes = changes

    async def _receive(self, frames: dict[str, int]) -> None:
        """Until the counted frames are here. A connection that was cut counts anew; what a mute one swallowed is given up after a while."""
        for _ in range(FRAME_WAITS_MAX):
            while not self._tally.has(frames):
                if not await self._tally.change(FRAME_WAIT_S):
                    break
            if self._tally.has(frames):
                return
            frames = _frames(await self._get("/sim/frames"))
        self._report("warning", "the simulated streams have sent frames that never came")
        self._tally.forgive(frames)

    def _next(self) -> _Entry | None:
        while self._heap and self._heap[0].ring is None:
            heapq.heappop(self._heap)
        return self._heap[0] if self._heap else None

    def close(self) -> None:
        self._heap.clear()


def _frames(answer: Any) -> dict[str, int]:
    frames: dict[str, int] = answer.get("frames", answer)
    return frames
