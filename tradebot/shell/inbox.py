"""The one queue through which everything reaches the engine."""

from __future__ import annotations

import asyncio

from tradebot.core.domain.events import Event
from tradebot.shell.quiet import Quiet

CAPACITY = 65_536  # a full-market minute is one event; this many waiting means that the consumer is dead


class InboxFull(RuntimeError):
    """The consumer cannot keep up. Dropping an event could lose a fill, so the daemon stops; journal and broker know all."""


class Inbox:
    """Bounded FIFO of events. `put` never waits and never drops; each event counts as work under way until `done`."""

    def __init__(self, quiet: Quiet, capacity: int = CAPACITY) -> None:
        self._queue: asyncio.Queue[Event] = asyncio.Queue(capacity)
        self._quiet = quiet

    def put(self, event: Event) -> None:
        """Raises InboxFull."""
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull as error:
            raise InboxFull(f"{self._queue.maxsize} events wait for the engine") from error
        self._quiet.begin()

    async def get(self) -> Event:
        return await self._queue.get()

    def done(self) -> None:
        """The event taken last has been handled, and what follows from it is counted by itself."""
        self._quiet.end()

    def __len__(self) -> int:
        return self._queue.qsize()
