"""Simulated time: what the world does on its own (replies on their way, frames, faults, the market), at exact instants in a fixed order."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

Happen = Callable[[], None]


class Timeline:
    """A heap of (instant, number): two things of one instant happen in the order in which they were planned.

    `market_next` and `market_step` are the broker's own time, which is moved along: None where nothing is due there.
    """

    def __init__(self, start_ns: int, market_next: Callable[[], int | None], market_step: Callable[[int], None]) -> None:
        self.start_ns = start_ns
        self.now_ns = start_ns
        self._market_next = market_next
        self._market_step = market_step
        self._heap: list[tuple[int, int, Happen]] = []
        self._numbers = itertools.count()

    def at(self, ts_ns: int, happen: Happen) -> None:
        """Plan something; what is past happens next."""
        heapq.heappush(self._heap, (max(ts_ns, self.now_ns), next(self._numbers), happen))

    def after(self, delay_ns: int, happen: Happen) -> None:
        self.at(self.now_ns + delay_ns, happen)

    def next_ns(self) -> int | None:
        """When the world will move next."""
        market_ns = self._market_next()
        if not self._heap:
            return market_ns
        planned_ns = self._heap[0][0]
        return planned_ns if market_ns is None or planned_ns < market_ns else market_ns

    def step(self) -> None:
        """The next thing happens; at one instant the market comes before what was planned."""
        market_ns = self._market_next()
        if market_ns is not None and (not self._heap or market_ns <= self._heap[0][0]):
            self.now_ns = max(self.now_ns, market_ns)
            self._market_step(self.now_ns)
            return
        ts_ns, _, happen = heapq.heappop(self._heap)
        self.now_ns = max(self.now_ns, ts_ns)
        happen()

    def pass_to(self, ts_ns: int) -> None:
        """Time goes on to an instant before which nothing happens."""
        self.now_ns = max(self.now_ns, ts_ns)
