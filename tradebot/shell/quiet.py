"""Outstanding work, counted: simulated time may only move while nothing is on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Quiet:
    """A counter of things under way (an event in the inbox, an order on the wire, a read in progress).

    Every producer counts *before* it hands work on, on the loop's own thread, so `idle` never sees a gap between two hands.
    """

    def __init__(self) -> None:
        self._outstanding = 0
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def is_idle(self) -> bool:
        return self._outstanding == 0

    def begin(self, n: int = 1) -> None:
        self._outstanding += n

    def end(self) -> None:
        assert self._outstanding > 0, "more work ended than began"
        self._outstanding -= 1
        if self._outstanding == 0:
            for future in self._waiting:
                if not future.done():
                    future.set_result(None)
            self._waiting.clear()

    @contextmanager
    def busy(self) -> Iterator[None]:
        self.begin()
        try:
            yield
        finally:
            self.end()

    async def idle(self) -> None:
        """Return once nothing is under way (checked again after each wake-up)."""
        while self._outstanding:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await future
