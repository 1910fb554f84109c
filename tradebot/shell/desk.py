"""The order side of one daemon: inbox, pump, dispatch, the trade stream, polling and reconciliation, wired to each other."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from tradebot.core.conduct.reconciling import DIFFER
from tradebot.core.domain.commands import Alert, Command, StartRetrain
from tradebot.core.domain.events import (
    AccountReconciled,
    AssetsRead,
    DaemonStarted,
    Event,
    JobEnded,
    ModelPromoted,
    OperatorOrder,
    OperatorSpoke,
    OrderReported,
    Tick,
    TickKind,
    UniverseSelected,
)
from tradebot.core.domain.orders import OrderReport
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S
from tradebot.shell.broker.alpaca import AlpacaBroker
from tradebot.shell.broker.assets import AssetWatch
from tradebot.shell.broker.rest import BrokerRefusal, BrokerUnreachable, Rest
from tradebot.shell.broker.wire import WireFault
from tradebot.shell.clock import Clock, Report
from tradebot.shell.crash_points import reach
from tradebot.shell.dispatch import Dispatch
from tradebot.shell.feeds.poll import Poller
from tradebot.shell.feeds.trade_stream import TradeStream
from tradebot.shell.inbox import Inbox
from tradebot.shell.lockstep import FrameTally
from tradebot.shell.parts import DaemonParts
from tradebot.shell.pump import Observer, Pump
from tradebot.shell.quiet import Quiet
from tradebot.shell.reconcile import Reconciler
from tradebot.shell.retrain import Retrainer
from tradebot.shell.store.journal import Journal
from tradebot.shell.store.recovery import Recovered
from tradebot.shell.supervise import Supervisor
from tradebot.shell.wire_guard import WireGuard

FINISH_S: Final = 10.0
DRAIN_PAUSE_S: Final = 0.005
COMPARE_AFTER_CLOSE_NS: Final = NS_PER_MINUTE
UNREADABLE: Final = (BrokerUnreachable, BrokerRefusal, WireFault)


class Desk:
    """`subscribed` is set when the trade stream listens. `differences` are those of the last comparison with the broker."""

    def __init__(
        self,
        parts: DaemonParts,
        journal: Journal,
        recovered: Recovered,
        rest: Rest,
        clock: Clock,
        quiet: Quiet,
        tally: FrameTally,
        supervisor: Supervisor,
        report: Report,
    ) -> None:
        self.subscribed = asyncio.Event()
        self.differences: tuple[str, ...] = ()
        self._comparing: set[asyncio.Task[None]] = set()
        self.inbox = inbox = Inbox(quiet)
        self.broker = broker = AlpacaBroker(rest, clock.now_ns)
        self._parts = parts
        self._journal = journal
        self._clock = clock
        self._quiet = quiet
        self._supervisor = supervisor
        self._report = report
        training = parts.training
        self._retrainer = None if training is None else Retrainer(training, clock, inbox, quiet, supervisor.start)
        self._guard = WireGuard(parts.fuse, clock.now_ns)
        self.dispatch = Dispatch(
            broker, inbox, quiet, self._retrain, self._alert, supervisor.fail, self._guard, self._compare, clock.now_ns
        )
        self.poller = Poller(broker, clock, inbox, quiet, round(parts.poll_s * NS_PER_S), report, supervisor.start)
        observers: list[Observer] = [self.poller.observe, self._observe]
        if parts.observer is not None:
            observers.append(parts.observer)
        self.pump = Pump(recovered.engine, inbox, journal, self.dispatch, observers, recovered.replayed)
        self.reconciler = Reconciler(broker, clock, inbox, journal, self.dispatch, self.poller.live)
        read = journal.last_event(AssetsRead)
        last = read if isinstance(read, AssetsRead) else None
        self.assets = AssetWatch(rest, parts.universe, last, clock, inbox, quiet, report)
        self.stream = TradeStream(
            parts.endpoints.trade_stream_url,
            parts.credentials,
            self._on_report,
            self._on_doubt,
            report,
            quiet,
            tally,
            parts.outside.connect,
        )

    def begin(self) -> None:
        """What this life decides by, before anything is decided."""
        if self._parts.config:
            self.inbox.put(DaemonStarted(ts_event_ns=self._clock.now_ns(), config=self._parts.config, program=self._parts.program))

    def select(self) -> None:
        """The universe and the model, where the journal does not say the same already."""
        parts, now_ns = self._parts, self._clock.now_ns()
        watched = self._journal.last_event(UniverseSelected)
        if not isinstance(watched, UniverseSelected) or watched.symbols != parts.universe:
            self.inbox.put(UniverseSelected(ts_event_ns=now_ns, symbols=parts.universe, reason=parts.universe_reason))
        promoted, wanted = self._journal.last_event(ModelPromoted), parts.promotion
        if wanted is not None and (not isinstance(promoted, ModelPromoted) or promoted.model_id != wanted.model_id):
            reach("promotion_not_handled")
            self.inbox.put(
                ModelPromoted(ts_event_ns=now_ns, model_id=wanted.model_id, manifest_sha256=wanted.manifest_sha256, reason=wanted.reason)
            )

    def tell(self, order: OperatorOrder, reason: str) -> None:
        """A person's order, journaled with its reason like everything else."""
        self.inbox.put(OperatorSpoke(ts_event_ns=self._clock.now_ns(), order=order, reason=reason))

    async def finish(self) -> None:
        """What is on the wire comes back, then the books are compared a last time."""
        await self.dispatch.finish(FINISH_S)
        try:
            async with asyncio.timeout(FINISH_S):
                await self.poller.read()
                await self._drained()
                await self.reconciler.compare()
                await self._drained()
        except (TimeoutError, *UNREADABLE) as error:
            self.differences = (*self.differences, f"the books could not be compared at the end: {error or 'no answer in time'}")

    async def _drained(self) -> None:
        """Until the pump has handled all that is in the inbox. Raises what the pump died of."""
        while len(self.inbox) or not self.pump.is_waiting:
            if self._supervisor.has_failed:
                await self._supervisor.wait()
            await asyncio.sleep(DRAIN_PAUSE_S)

    def _observe(self, event: Event, commands: Sequence[Command]) -> None:
        match event:
            case AccountReconciled():
                self.differences = tuple(c.message for c in commands if isinstance(c, Alert) and c.message.startswith(DIFFER))
            case Tick(kind=TickKind.SESSION_CLOSE):
                self._guard.forget()
                self._clock.call_at(self._clock.now_ns() + COMPARE_AFTER_CLOSE_NS, self._compare, "compare", self._compare)
            case Tick(kind=TickKind.REBALANCE):
                self._compare()
                self._supervisor.keep("assets", self.assets.read, UNREADABLE)
            case _:
                pass

    def reconcile_always(self) -> None:
        """Compare every `reconcile_s` while a session is open, at multiples of it, which a stepped clock meets anyway."""
        every_ns = round(self._parts.reconcile_s * NS_PER_S)
        now_ns = self._clock.now_ns()
        due_ns = (now_ns // every_ns + 1) * every_ns if every_ns else 0
        session = next((s for s in self._parts.sessions.sessions if s.close_ns > due_ns), None)
        if not every_ns or session is None:
            return
        if due_ns <= session.open_ns:
            due_ns = -(-session.open_ns // every_ns) * every_ns

        def due() -> None:
            if not self._comparing:
                self._compare()
            self.reconcile_always()

        self._clock.call_at(due_ns, due, "reconcile", due)

    def _compare(self) -> None:
        """Fees and dividends of the day, then the account, in the background."""

        async def compare() -> None:
            with self._quiet.busy():
                await self.poller.read()
                await self.reconciler.compare()

        task = self._supervisor.keep("reconcile", compare, UNREADABLE)
        self._comparing.add(task)
        task.add_done_callback(self._comparing.discard)

    def _on_report(self, report: OrderReport) -> None:
        self.inbox.put(OrderReported(ts_event_ns=self._clock.now_ns(), report=report))

    def _on_doubt(self) -> None:
        self.subscribed.set()
        self.poller.poke()

    def _alert(self, alert: Alert) -> None:
        self._report(alert.severity, alert.message)

    def _retrain(self, order: StartRetrain) -> None:
        if self._retrainer is not None:
            self._retrainer.start(order)
            return
        job = JobEnded(
            ts_event_ns=self._clock.now_ns(),
            job=TickKind.RETRAIN.value,
            session=order.session,
            outcome="skipped",
            reason="no training is configured",
        )
        self.inbox.put(job)
