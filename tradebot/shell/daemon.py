"""One daemon's life: recover, reconcile, warm up, trade, stop.

Start-up is recovery (law 4): the same steps after a first install, a clean stop and a SIGKILL.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any, Final

import structlog

from tradebot.core.domain.commands import Alert, Command, StartRetrain
from tradebot.core.domain.events import (
    AccountReconciled,
    Event,
    JobEnded,
    MinuteClosed,
    ModelPromoted,
    OperatorOrder,
    OperatorSpoke,
    Tick,
    TickKind,
    UniverseSelected,
)
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.orders import OrderReport
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S
from tradebot.shell.api import Api
from tradebot.shell.broker.alpaca import AlpacaBroker, read_clock
from tradebot.shell.broker.endpoints import guard_live
from tradebot.shell.broker.rest import BrokerRefusal, BrokerUnreachable, Rest
from tradebot.shell.broker.wire import WireFault
from tradebot.shell.choose_clock import clock_from_broker
from tradebot.shell.clock import Clock, Report
from tradebot.shell.dispatch import Dispatch
from tradebot.shell.feeds.assembler import Assembler
from tradebot.shell.feeds.bar_wire import BarFault
from tradebot.shell.feeds.bars_rest import BarsRest
from tradebot.shell.feeds.data_stream import DataStream
from tradebot.shell.feeds.minute_feed import MinuteFeed, warm_up_from
from tradebot.shell.feeds.poll import Poller
from tradebot.shell.feeds.trade_stream import TradeStream
from tradebot.shell.inbox import Inbox
from tradebot.shell.instance_lock import InstanceLock
from tradebot.shell.lockstep import FrameTally, LockstepClock
from tradebot.shell.parts import DaemonParts, ExitSummary
from tradebot.shell.pump import Observer, Pump
from tradebot.shell.quiet import Quiet
from tradebot.shell.reconcile import Reconciler, usable
from tradebot.shell.retrain import Retrainer
from tradebot.shell.scheduler import Scheduler
from tradebot.shell.store.database import private_folder
from tradebot.shell.store.journal import Journal
from tradebot.shell.store.recovery import Recovered, recover
from tradebot.shell.supervise import Supervisor

SUBSCRIBE_S_MAX: Final = 15.0
FINISH_S: Final = 10.0
COMPARE_AFTER_CLOSE_NS: Final = NS_PER_MINUTE
END_AFTER_CLOSE_NS: Final = 3 * NS_PER_MINUTE
UNREADABLE: Final = (BrokerUnreachable, BrokerRefusal, WireFault)
GAP_SESSIONS_MAX: Final = 5  # a longer gap in the perceived minutes is not filled in full: the features warm up anew


async def run_daemon(parts: DaemonParts) -> ExitSummary:
    """Run until stopped: by SIGTERM or SIGINT, over the control socket, at `stop_at_ns`, or when the simulated market ends.

    Raises OperatorFault for what a person must mend; anything else that is raised is a bug, and the journal holds all up to it.
    """
    async with AsyncExitStack() as stack:
        lock = InstanceLock(private_folder(parts.state_dir) / "lock")
        stack.callback(lock.release)
        journal = Journal.open(parts.journal_url)
        stack.push_async_callback(journal.close)
        rest = Rest(parts.endpoints.trading_url, parts.credentials)
        stack.push_async_callback(rest.close)
        data_rest = Rest(parts.endpoints.data_url, parts.credentials)
        stack.push_async_callback(data_rest.close)
        try:
            daemon = await _Daemon.build(parts, journal, rest, data_rest)
            stack.push_async_callback(daemon.close)
            await daemon.start()
            return await daemon.trade()
        except BrokerUnreachable as error:
            raise OperatorFault(f"the broker at {parts.endpoints.trading_url} cannot be reached: {error}") from error
        except WireFault as error:
            raise OperatorFault(f"the broker at {parts.endpoints.trading_url} answers what cannot be read: {error}") from error


class _Daemon:
    """The wiring of one life. Each piece knows only what it is given here."""

    def __init__(self, parts: DaemonParts, journal: Journal, recovered: Recovered, rest: Rest, data_rest: Rest, clock: Clock) -> None:
        self.parts = parts
        self.journal = journal
        self.recovered = recovered
        self.clock = clock
        self.report = parts.report or _log
        self.supervisor = Supervisor(self.report)
        self.started_wall_ns = time.time_ns()
        self.is_trading = False
        self.differences: tuple[str, ...] = ()
        self.api: Api | None = None
        self._data_rest = data_rest
        self.broker = AlpacaBroker(rest, clock.now_ns)

    @classmethod
    async def build(cls, parts: DaemonParts, journal: Journal, rest: Rest, data_rest: Rest) -> _Daemon:
        """Recover the engine and learn what time it is, at the same time as nothing else happens yet."""
        report = parts.report or _log
        recovered = recover(journal, parts.engine_factory, _before_replay(parts))
        quiet, tally = Quiet(), FrameTally()
        fact, answer_ns = await read_clock(rest)
        clock = clock_from_broker(fact, answer_ns, rest, quiet, tally, report)
        daemon = cls(parts, journal, recovered, rest, data_rest, clock)
        daemon._wire(quiet, tally)
        return daemon

    def _wire(self, quiet: Quiet, tally: FrameTally) -> None:
        parts, clock, report, start = self.parts, self.clock, self.report, self.supervisor.start
        self.quiet = quiet
        self.inbox = inbox = Inbox(quiet)
        self.retrainer = (
            Retrainer(parts.training.command, parts.training.load, clock, inbox, quiet, start) if parts.training is not None else None
        )
        self.dispatch = Dispatch(self.broker, inbox, quiet, self._retrain, self._alert, self.supervisor.fail)
        self.poller = Poller(self.broker, clock, inbox, quiet, round(parts.poll_s * NS_PER_S), report, start)
        observers: list[Observer] = [self.poller.observe, self._observe]
        if parts.observer is not None:
            observers.append(parts.observer)
        self.pump = Pump(self.recovered.engine, inbox, self.journal, self.dispatch, observers, self.recovered.replayed)
        self.reconciler = Reconciler(self.broker, clock, inbox, self.journal, self.dispatch)
        self.scheduler = Scheduler(
            clock,
            inbox,
            parts.sessions,
            parts.timetable,
            parts.flatten_before_close_min,
            lambda date: self.journal.job_outcomes(date.isoformat()),
        )
        self.trade_subscribed, self.data_subscribed = asyncio.Event(), asyncio.Event()
        self.trades = TradeStream(
            parts.endpoints.trade_stream_url, parts.credentials, self._on_report, self._on_doubt, report, quiet, tally
        )
        self._tally = tally

    def _wire_bars(self, symbols: tuple[str, ...]) -> None:
        """Once the engine's symbols are known."""
        parts, clock, report = self.parts, self.clock, self.report
        assembler = Assembler(symbols, parts.sessions, parts.feed, self._first_minute_ns() - NS_PER_MINUTE)
        rest = BarsRest(self._data_rest, parts.feed, lambda why: report("warning", f"refused {why}"), parts.adjustment)
        self.minutes = MinuteFeed(
            assembler,
            rest,
            clock,
            self.inbox,
            self.quiet,
            round(parts.grace_s * NS_PER_S),
            round(parts.stale_s * NS_PER_S),
            report,
            self.supervisor.start,
        )
        self.bars = DataStream(
            parts.endpoints.data_stream_url,
            parts.credentials,
            symbols,
            self.minutes.on_bars,
            self._on_bars_subscribed,
            self.minutes.on_lost,
            report,
            self.quiet,
            self._tally,
        )
        self.minutes.cut = self.bars.reconnect

    def _first_minute_ns(self) -> int:
        """The first minute that the engine has not perceived, or the start of its warm-up."""
        sessions, now_ns = self.parts.sessions, self.clock.now_ns()
        last = self.journal.last_event(MinuteClosed)
        warm_up_ns = warm_up_from(sessions, now_ns, self.parts.warm_up_bars)
        if not isinstance(last, MinuteClosed):
            return warm_up_ns
        opened = [s.open_ns for s in sessions.sessions if s.open_ns <= now_ns]
        filled_ns = opened[-GAP_SESSIONS_MAX] if len(opened) >= GAP_SESSIONS_MAX else 0
        first_ns = last.minute_ns + NS_PER_MINUTE
        return first_ns if first_ns >= min(filled_ns, warm_up_ns) else warm_up_ns

    async def start(self) -> None:
        """Everything up to the first live minute."""
        parts, clock = self.parts, self.clock
        account = usable(await self.broker.account())
        guard_live(parts.endpoints, live=parts.live, pinned_account=parts.pinned_account, account_number=account.number)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.supervisor.stop, signal.Signals(number).name)
        if parts.socket_path is not None:
            self.api = Api(parts.socket_path, self._looks(), self._tell, self.supervisor.stop)
            self.supervisor.start(self.api.run(), "api")
        self.supervisor.start(self.pump.run(), "pump")
        await self._unless_over(self._reconcile())
        self._select()
        await self._unless_over(self.quiet.idle())
        symbols = parts.symbols_of(self.pump.engine) if parts.symbols_of is not None else parts.universe
        if not symbols:
            raise OperatorFault("the universe is empty: there is no symbol to watch")
        self._wire_bars(symbols)
        self.supervisor.start(self.trades.run(), "trade stream")
        self.supervisor.start(self.bars.run(), "data stream")
        await self._unless_over(self._subscribed())
        await self._unless_over(self._warm_up())
        await self._unless_over(self.quiet.idle())
        self.scheduler.start()
        if parts.stop_at_ns is not None:
            clock.call_at(parts.stop_at_ns, lambda: self.supervisor.stop("the end that was asked for"), "stop")
        elif isinstance(clock, LockstepClock):
            clock.ended = self._market_ended
        self._time = self.supervisor.start(clock.run(), "clock")
        self.is_trading = True
        gc.collect()
        gc.freeze()  # what is alive now stays alive: the collector need not look at it again in mid-minute
        if parts.started is not None:
            parts.started()

    async def _reconcile(self) -> None:
        if self.recovered.seq == 0:
            await self.reconciler.open_book()
        else:
            await self.reconciler.resume()

    def _select(self) -> None:
        """The universe and the model, where the journal does not say the same already."""
        parts, now_ns = self.parts, self.clock.now_ns()
        watched = self.journal.last_event(UniverseSelected)
        if not isinstance(watched, UniverseSelected) or watched.symbols != parts.universe:
            self.inbox.put(UniverseSelected(ts_event_ns=now_ns, symbols=parts.universe, reason=parts.universe_reason))
        promoted = self.journal.last_event(ModelPromoted)
        if parts.promotion is not None and getattr(promoted, "model_id", None) != parts.promotion.model_id:
            self.inbox.put(
                ModelPromoted(
                    ts_event_ns=now_ns,
                    model_id=parts.promotion.model_id,
                    manifest_sha256=parts.promotion.manifest_sha256,
                    reason=parts.promotion.reason,
                )
            )

    async def _subscribed(self) -> None:
        """Wait for both streams, but not for ever: REST and polling carry the daemon until they come."""
        try:
            async with asyncio.timeout(SUBSCRIBE_S_MAX):
                await self.trade_subscribed.wait()
                await self.data_subscribed.wait()
        except TimeoutError:
            self.report("critical", "a stream does not connect: bars and fills are read over REST")

    async def _warm_up(self) -> None:
        while True:
            try:
                return await self.minutes.warm_up()
            except (BrokerUnreachable, BarFault) as error:
                self.report("warning", f"no history for the warm-up, again in 5 s: {error}")
                await asyncio.sleep(5.0)

    async def _unless_over(self, work: Any) -> None:
        """Wait for a step of the start, unless a task has died or a stop was asked for meanwhile."""
        step = asyncio.ensure_future(work)
        over = asyncio.ensure_future(self.supervisor.wait())
        await asyncio.wait({step, over}, return_when=asyncio.FIRST_COMPLETED)
        if not step.done():
            step.cancel()
            with suppress(asyncio.CancelledError):
                await step
        over.cancel()
        if self.supervisor.is_over:
            with suppress(asyncio.CancelledError):
                await over
        if step.done() and not step.cancelled():
            step.result()

    async def trade(self) -> ExitSummary:
        """Until the end, then in order: what is on the wire, the last comparison, the journal."""
        reason = await self.supervisor.wait()
        self.report("info", f"stopping: {reason}")
        self._time.cancel()
        await self.dispatch.finish(FINISH_S)
        try:
            async with asyncio.timeout(FINISH_S):
                await self.poller.read()
                await self._drained()
                await self.reconciler.compare()
                await self._drained()
        except (TimeoutError, *UNREADABLE) as error:
            self.differences = (*self.differences, f"the books could not be compared at the end: {error}")
        await self.journal.flush()
        account = self.reconciler.last_account
        return ExitSummary(
            reason=reason,
            events=self.pump.handled,
            last_minute_ns=self.pump.last_minute_ns,
            now_ns=self.clock.now_ns(),
            account_number=account.number if account is not None else "",
            cash_units=account.cash_units if account is not None else 0,
            equity_units=account.equity_units if account is not None else 0,
            positions=self.reconciler.last_positions,
            differences=self.differences,
        )

    async def _drained(self) -> None:
        """Until the pump has handled all that is in the inbox."""
        while len(self.inbox) or not self.pump.is_waiting:
            if self.supervisor.has_failed:
                await self.supervisor.wait()
            await asyncio.sleep(0.005)

    async def close(self) -> None:
        gc.unfreeze()
        if self.api is not None:
            self.api.close()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
        await self.supervisor.close()
        self.clock.close()

    # What the pieces tell each other.

    def _observe(self, event: Event, commands: Sequence[Command]) -> None:
        match event:
            case AccountReconciled():
                self.differences = tuple(c.message for c in commands if isinstance(c, Alert) and c.severity == "critical")
            case Tick(kind=TickKind.SESSION_CLOSE):
                self.clock.call_at(self.clock.now_ns() + COMPARE_AFTER_CLOSE_NS, self._compare, "compare", self._compare)
            case Tick(kind=TickKind.REBALANCE):
                self._compare()
            case _:
                pass

    def _compare(self) -> None:
        async def counted() -> None:
            with self.quiet.busy():
                await self.poller.read()
                await self.reconciler.compare()

        self.supervisor.keep("reconcile", counted, UNREADABLE)

    def _on_report(self, report: OrderReport) -> None:
        from tradebot.core.domain.events import OrderReported

        self.inbox.put(OrderReported(ts_event_ns=self.clock.now_ns(), report=report))

    def _on_doubt(self) -> None:
        self.trade_subscribed.set()
        self.poller.poke()

    def _on_bars_subscribed(self) -> None:
        self.data_subscribed.set()
        self.minutes.on_subscribed()

    def _retrain(self, order: StartRetrain) -> None:
        if self.retrainer is not None:
            self.retrainer.start(order)
            return
        now_ns = self.clock.now_ns()
        self.inbox.put(
            JobEnded(ts_event_ns=now_ns, job=TickKind.RETRAIN.value, session=order.session, outcome="skipped", reason="not configured")
        )

    def _alert(self, alert: Alert) -> None:
        self.report(alert.severity, alert.message)

    def _market_ended(self) -> None:
        """The simulated market has no more bars: the session under way still closes, and its books are compared."""
        now_ns = self.clock.now_ns()
        opened = [s for s in self.parts.sessions.sessions if s.open_ns <= now_ns]
        end_ns = opened[-1].close_ns + END_AFTER_CLOSE_NS if opened else now_ns
        self.clock.call_at(max(now_ns, end_ns), lambda: self.supervisor.stop("the simulated market ended"), "end")

    def _tell(self, order: OperatorOrder, reason: str) -> None:
        self.inbox.put(OperatorSpoke(ts_event_ns=self.clock.now_ns(), order=order, reason=reason))

    def _looks(self) -> dict[str, Callable[[], Any]]:
        def part(name: str) -> Callable[[], Any]:
            return lambda: self.parts.describe(self.pump.engine).get(name, [])

        return {"/status": self._status, **{f"/{name}": part(name) for name in ("positions", "orders", "decisions")}}

    def _status(self) -> dict[str, Any]:
        status = {
            "state": "trading" if self.is_trading else "starting",
            "now_ns": self.clock.now_ns(),
            "started_ns": self.started_wall_ns,
            "pace": self.clock.pace,
            "last_minute_ns": self.pump.last_minute_ns,
            "events": self.pump.handled,
            "waiting": len(self.inbox),
            "data_stream": self.is_trading and self.bars.is_up,
            "trade_stream": self.trades.is_up,
            "differences": list(self.differences),
        }
        return status | dict(self.parts.describe(self.pump.engine).get("status", {}))


def _before_replay(parts: DaemonParts) -> Callable[[Event], None]:
    def see(event: Event) -> None:
        if isinstance(event, ModelPromoted) and parts.load_promoted is not None:
            parts.load_promoted(event)

    return see


def _log(severity: str, message: str) -> None:
    structlog.get_logger("tradebot").log({"info": 20, "warning": 30}.get(severity, 50), message)


__all__ = ["DaemonParts", "ExitSummary", "Report", "run_daemon"]
