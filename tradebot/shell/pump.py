"""One consumer: event -> engine -> journal -> dispatch. An order's intent is on disk before its request is made (law 4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from tradebot.core.domain.commands import Command, RecordDecision, RecordFill, RecordTrade
from tradebot.core.domain.events import Event, MinuteClosed, ModelPromoted, ReplyLost, Tick, TickKind
from tradebot.shell.crash_points import reach
from tradebot.shell.dispatch import Dispatch
from tradebot.shell.engine_seam import EngineLike
from tradebot.shell.inbox import Inbox
from tradebot.shell.store.journal import Journal

Observer = Callable[[Event, Sequence[Command]], None]

RECORDS: Final = (RecordDecision, RecordFill, RecordTrade)
SNAPSHOT_EVERY: Final = 5_000
UNWAITED_MAX: Final = 512


class Pump:
    """Nothing else calls the engine. A snapshot is taken after each session's close and every `SNAPSHOT_EVERY` events."""

    def __init__(
        self, engine: EngineLike, inbox: Inbox, journal: Journal, dispatch: Dispatch, observers: Sequence[Observer], since_snapshot: int = 0
    ) -> None:
        self.engine = engine
        self.last_minute_ns = 0
        self.handled = 0
        self.is_waiting = False  # for the next event: everything taken so far is handled
        self._inbox = inbox
        self._journal = journal
        self._dispatch = dispatch
        self._observers = tuple(observers)
        self._since_snapshot = since_snapshot
        self._unwaited = 0

    async def run(self) -> None:
        while True:
            self.is_waiting = True
            event = await self._inbox.get()
            self.is_waiting = False
            await self._handle(event)
            self._inbox.done()

    def keep_state(self) -> None:
        """After the last event: the next start, perhaps of another version, then has nothing to decide again."""
        if self.is_waiting and self._since_snapshot:
            self._journal.save_snapshot(self._journal.last_seq, self.engine.snapshot())
            self._since_snapshot = 0

    async def _handle(self, event: Event) -> None:
        commands = self.engine.handle(event)
        reach("promotion_not_written" if isinstance(event, ModelPromoted) else "event_handled_not_written")
        if any(not isinstance(command, RECORDS) for command in commands) or self._unwaited >= UNWAITED_MAX:
            seq = await self._journal.append(event, commands)
            self._unwaited = 0
            reach("event_durable_not_obeyed")
            self._dispatch.obey(commands)
        else:
            # Nothing acts on this event, so nobody needs to wait: a later order is durable only after it.
            seq = self._journal.append_soon(event, commands)
            self._unwaited += 1
        if isinstance(event, ReplyLost):
            # Even where the stream has spoken in time: only the look-up shows a bracket's legs.
            self._dispatch.find_out(event.client_order_id)
        for observe in self._observers:
            observe(event, commands)
        self.handled += 1
        if isinstance(event, MinuteClosed):
            self.last_minute_ns = max(self.last_minute_ns, event.minute_ns)
        self._since_snapshot += 1
        closed = event.session.isoformat() if isinstance(event, Tick) and event.kind is TickKind.SESSION_CLOSE else None
        if closed or (self._since_snapshot >= SNAPSHOT_EVERY and not len(self._inbox)):
            self._journal.save_snapshot(seq, self.engine.snapshot(), closed)
            self._since_snapshot = 0
