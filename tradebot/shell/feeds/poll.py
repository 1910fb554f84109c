"""Reading orders again while any is live: the truth about fills, whatever the stream says or does not say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

from tradebot.core.domain.commands import Command
from tradebot.core.domain.events import Event, FeedChanged, OrderReported
from tradebot.core.domain.orders import OrderReport
from tradebot.core.domain.units import NS_PER_S
from tradebot.shell.broker.alpaca import AlpacaBroker
from tradebot.shell.broker.live_orders import LiveOrders
from tradebot.shell.broker.rest import BrokerRefusal, BrokerUnreachable
from tradebot.shell.broker.wire import WireFault
from tradebot.shell.clock import Alarm, Clock, Report
from tradebot.shell.crash_points import reach
from tradebot.shell.inbox import Inbox
from tradebot.shell.quiet import Quiet

MARGIN_NS: Final = 60 * NS_PER_S  # our clock and the broker's may differ
FAILURES_MAX: Final = 3


class Poller:
    """`observe` follows the pump; `poke` reads at once. `start_task` runs a coroutine whose failure stops the daemon."""

    def __init__(
        self,
        broker: AlpacaBroker,
        clock: Clock,
        inbox: Inbox,
        quiet: Quiet,
        poll_ns: int,
        report: Report,
        start_task: Callable[[Any], asyncio.Task[None]],
    ) -> None:
        self.name = "broker"
        self.live = LiveOrders()
        self._broker = broker
        self._clock = clock
        self._inbox = inbox
        self._quiet = quiet
        self._poll_ns = poll_ns
        self._report = report
        self._start_task = start_task
        self._alarm: Alarm | None = None
        self._is_reading = False
        self._again = False
        self._failures = 0

    def observe(self, event: Event, commands: Sequence[Command]) -> None:
        doubt = isinstance(event, OrderReported) and event.report.source == "stream"
        self.live.observe(event, commands)
        if doubt and isinstance(event, OrderReported) and self.live.raises_doubt(event.report):
            self.poke()
        self._arm()

    def _arm(self) -> None:
        """The next read is at a multiple of the interval: on a stepped clock it then falls on instants that come anyway."""
        if self._alarm is None and (self.live.any_live or self._failures):
            due_ns = (self._clock.now_ns() // self._poll_ns + 1) * self._poll_ns
            self._alarm = self._clock.call_at(due_ns, self._on_due, "poll", self._on_due)

    def _on_due(self) -> None:
        self._alarm = None
        self.poke()
        self._arm()

    def poke(self) -> None:
        """Read now; once more after a read that is under way."""
        if self._is_reading:
            self._again = True
        elif self.live.any_live or self._failures:
            self._is_reading = True
            self._quiet.begin()
            self._start_task(self._read())

    async def _read(self) -> None:
        try:
            self._again = True
            while self._again:
                self._again = False
                await self.read()
        finally:
            self._is_reading = False
            self._arm()
            self._quiet.end()

    async def read(self) -> None:
        """Read every live order and put what is new. A broker that cannot be read for `FAILURES_MAX` times is a stale feed."""
        try:
            reports = await self._reports()
        except (BrokerUnreachable, BrokerRefusal, WireFault) as error:
            self._failures += 1
            self._report("warning", f"orders cannot be read: {error}")
            if self._failures == FAILURES_MAX:
                self._inbox.put(FeedChanged(ts_event_ns=self._clock.now_ns(), feed=self.name, stale=True, reason="orders cannot be read"))
            return
        if self._failures >= FAILURES_MAX:
            self._inbox.put(FeedChanged(ts_event_ns=self._clock.now_ns(), feed=self.name, stale=False, reason="orders can be read again"))
        self._failures = 0
        reach("poll_half_read")
        for report in reports:
            if self.live.is_news(report):
                self._inbox.put(OrderReported(ts_event_ns=self._clock.now_ns(), report=report))

    async def _reports(self) -> list[OrderReport]:
        oldest_ns = self.live.oldest_ns()
        found = []
        if oldest_ns is not None:
            found = await self._broker.orders("all", oldest_ns - MARGIN_NS)
        elif self._failures:  # nothing is live any more, and it is still to be shown that orders can be read
            found = await self._broker.orders("open")
        seen = {report.broker_id for report in found}
        # Eventual consistency, paging, an order that is not ours: what the list does not show is read by itself.
        missing = [root for root in self.live.roots() if root not in seen]
        found += await asyncio.gather(*(self._broker.order(root, "poll") for root in missing))
        return found + list(await asyncio.gather(*(self._broker.order(leg, "poll") for leg in self.live.hidden(found))))
