"""One daemon's life: recover, reconcile, warm up, trade, stop.

Start-up is recovery (law 4): the same steps after a first install, a clean stop and a SIGKILL.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from typing import Any, Final

import structlog

from tradebot.core.domain.events import Event, MinuteClosed, ModelPromoted
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.shell.api import Api
from tradebot.shell.broker.alpaca import read_clock
from tradebot.shell.broker.endpoints import guard_live
from tradebot.shell.broker.rest import BrokerUnreachable, Rest
from tradebot.shell.broker.wire import WireFault
from tradebot.shell.clock import Clock
from tradebot.shell.crash_points import reach
from tradebot.shell.desk import Desk
from tradebot.shell.live_bars import LiveBars, first_minute_ns
from tradebot.shell.lockstep import FrameTally, LockstepClock
from tradebot.shell.notify import Health, Notifier, Progress, watch
from tradebot.shell.parts import DaemonParts, ExitSummary
from tradebot.shell.quiet import Quiet
from tradebot.shell.reconcile import usable
from tradebot.shell.scheduler import Scheduler
from tradebot.shell.store.journal import Journal
from tradebot.shell.store.recovery import Recovered, recover
from tradebot.shell.supervise import Supervisor

SUBSCRIBE_S_MAX: Final = 15.0
END_AFTER_CLOSE_NS: Final = 3 * NS_PER_MINUTE  # after the comparison that follows a close


async def run_daemon(parts: DaemonParts) -> ExitSummary:
    """Run until stopped: by SIGTERM or SIGINT, over the control socket, at `stop_at_ns`, or when the simulated market ends.

    Raises OperatorFault for what a person must mend; anything else that is raised is a bug, and the journal holds all up to it.
    """
    async with AsyncExitStack() as stack:
        outside = parts.outside
        stack.callback(outside.lock(parts.state_dir).release)
        journal = outside.journal(parts.journal_url)
        stack.push_async_callback(journal.close)
        rest = outside.rest(parts.endpoints.trading_url, parts.credentials)
        stack.push_async_callback(rest.close)
        data_rest = outside.rest(parts.endpoints.data_url, parts.credentials)
        stack.push_async_callback(data_rest.close)
        polygon_rest = None
        if parts.polygon is not None:
            polygon_rest = outside.rest(parts.polygon.rest_url, parts.polygon.key)
            stack.push_async_callback(polygon_rest.close)
        recovered = recover(journal, parts.engine_factory, _before_replay(parts))
        try:
            quiet, tally, report = Quiet(), FrameTally(), parts.report or log_report
            fact, answer_ns = await read_clock(rest)
            clock = outside.clock(fact, answer_ns, rest, quiet, tally, report)
            daemon = _Daemon(parts, journal, recovered, rest, data_rest, polygon_rest, clock, quiet, tally)
            stack.push_async_callback(daemon.close)
            await daemon.start()
            return await daemon.trade()
        except BrokerUnreachable as error:
            raise OperatorFault(f"the broker at {parts.endpoints.trading_url} cannot be reached: {error}") from error
        except WireFault as error:
            raise OperatorFault(f"the broker at {parts.endpoints.trading_url} answers what cannot be read: {error}") from error


class _Daemon:
    """One life. The order side is the desk, the data side the bars; time and the timetable drive both."""

    def __init__(
        self,
        parts: DaemonParts,
        journal: Journal,
        recovered: Recovered,
        rest: Rest,
        data_rest: Rest,
        polygon_rest: Rest | None,
        clock: Clock,
        quiet: Quiet,
        tally: FrameTally,
    ) -> None:
        self._parts = parts
        self._journal = journal
        self._is_new = recovered.seq == 0
        self._data_rest = data_rest
        self._polygon_rest = polygon_rest
        self._clock = clock
        self._quiet = quiet
        self._tally = tally
        self._report = parts.report or log_report
        self._supervisor = Supervisor(self._report)
        self._desk = Desk(parts, journal, recovered, rest, clock, quiet, tally, self._supervisor, self._report)
        self._bars: LiveBars | None = None
        self._api: Api | None = None
        self._time: asyncio.Task[None] | None = None
        self._started_wall_ns = time.time_ns()
        self._notifier, self._progress = Notifier.of(os.environ), Progress()

    async def start(self) -> None:
        """Everything up to the first live minute."""
        parts, desk = self._parts, self._desk
        account = usable(await desk.broker.account())
        guard_live(parts.endpoints, live=parts.live, pinned_account=parts.pinned_account, account_number=account.number)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._supervisor.stop, signal.Signals(number).name)
        if parts.socket_path is not None:
            self._api = Api(parts.socket_path, self._looks(), desk.tell, self._supervisor.stop)
            self._supervisor.start(self._api.run(), "api")
        parts.outside.meet_person(desk.tell)
        if self._notifier.address:
            self._supervisor.start(watch(self._notifier, self._health), "watchdog")
        self._supervisor.start(desk.pump.run(), "pump")
        for step in (self._reconcile, self._open_streams, self._warm_up):
            await self._unless_over(step())
            if self._supervisor.is_over:
                return
        self._live()

    async def _reconcile(self) -> None:
        self._desk.begin()
        if self._is_new:
            await self._desk.reconciler.open_book()
        else:
            await self._desk.reconciler.resume()
        self._desk.select()
        await self._desk.assets.read()
        await self._quiet.idle()

    async def _open_streams(self) -> None:
        """Both streams listen, if they do so soon: otherwise REST and polling carry the daemon until they do."""
        parts, clock, desk = self._parts, self._clock, self._desk
        symbols = parts.symbols_of(desk.pump.engine) if parts.symbols_of is not None else parts.universe
        if not symbols:
            raise OperatorFault("the universe is empty: there is no symbol to watch")
        last = self._journal.last_event(MinuteClosed)
        first_ns = first_minute_ns(last if isinstance(last, MinuteClosed) else None, parts.sessions, clock.now_ns(), parts.warm_up_bars)
        self._bars = bars = LiveBars(
            parts, symbols, first_ns, clock, desk.inbox, self._quiet, self._tally, self._data_rest, self._polygon_rest, self._supervisor,
            self._report, last.feed if isinstance(last, MinuteClosed) else "",
        )  # fmt: skip
        self._supervisor.start(desk.stream.run(), "trade stream")
        bars.start()
        try:
            async with asyncio.timeout(SUBSCRIBE_S_MAX):
                await desk.subscribed.wait()
                await bars.subscribed.wait()
        except TimeoutError:
            self._report("critical", "a stream does not connect: bars and fills are read over REST")

    async def _warm_up(self) -> None:
        assert self._bars is not None, "streams come first"
        await self._bars.warm_up()
        await self._quiet.idle()

    def _live(self) -> None:
        """From here on time passes."""
        parts, clock = self._parts, self._clock
        Scheduler(
            clock,
            self._desk.inbox,
            parts.sessions,
            parts.timetable,
            parts.flatten_before_close_min,
            lambda date: self._journal.job_outcomes(date.isoformat()),
        ).start()
        self._desk.reconcile_always()
        if parts.stop_at_ns is not None:
            self._stop_at(parts.stop_at_ns, "the end that was asked for")
        elif isinstance(clock, LockstepClock):
            clock.ended = self._market_ended
        self._time = self._supervisor.start(clock.run(), "clock")
        parts.outside.settle_memory()
        if parts.started is not None:
            parts.started()

    async def _unless_over(self, work: Coroutine[Any, Any, None]) -> None:
        """A step of the start, given up when a task dies or a stop is asked for meanwhile."""
        step = asyncio.ensure_future(work)
        over = asyncio.ensure_future(self._supervisor.wait())
        await asyncio.wait({step, over}, return_when=asyncio.FIRST_COMPLETED)
        if step.done():
            over.cancel()
            with suppress(asyncio.CancelledError):
                await over
            step.result()
        else:
            over.exception()  # seen here, raised again by `trade`
            step.cancel()
            with suppress(asyncio.CancelledError):
                await step

    async def trade(self) -> ExitSummary:
        """Until the end, then in order: what is on the wire, the last comparison, the journal."""
        reason = await self._supervisor.wait()
        self._report("info", f"stopping: {reason}")
        self._notifier.send("STOPPING=1", f"STATUS=stopping: {reason}")
        reach("stopping")
        if self._time is not None:
            self._time.cancel()
        await self._desk.finish()
        reach("books_compared_not_flushed")
        self._desk.pump.keep_state()
        await self._journal.flush()
        pump, reconciler = self._desk.pump, self._desk.reconciler
        account = reconciler.last_account
        return ExitSummary(
            reason=reason,
            events=pump.handled,
            last_minute_ns=pump.last_minute_ns,
            now_ns=self._clock.now_ns(),
            account_number=account.number if account is not None else "",
            cash_units=account.cash_units if account is not None else 0,
            equity_units=account.equity_units if account is not None else 0,
            positions=reconciler.last_positions,
            differences=self._desk.differences,
        )

    async def close(self) -> None:
        gc.unfreeze()
        if self._api is not None:
            self._api.close()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().remove_signal_handler(number)
        await self._supervisor.close()
        self._clock.close()

    def _market_ended(self) -> None:
        """The simulated market has no more bars: the session under way still closes, and its books are compared."""
        now_ns = self._clock.now_ns()
        opened = [s for s in self._parts.sessions.sessions if s.open_ns <= now_ns]
        self._stop_at(opened[-1].close_ns + END_AFTER_CLOSE_NS if opened else now_ns, "the simulated market ended")

    def _stop_at(self, ts_ns: int, reason: str) -> None:
        def stop() -> None:
            self._supervisor.stop(reason)

        self._clock.call_at(ts_ns, stop, "stop", stop)

    def _looks(self) -> dict[str, Callable[[], Any]]:
        def part(name: str) -> Callable[[], Any]:
            return lambda: self._parts.describe(self._desk.pump.engine).get(name, [])

        looks: dict[str, Callable[[], Any]] = {f"/{name}": part(name) for name in ("positions", "orders", "decisions")}
        return {"/status": self._status, "/features": lambda: self._parts.features(self._desk.pump.engine), **looks}

    def _health(self) -> Health:
        pump, bars = self._desk.pump, self._bars
        fault = "the engine's events are not getting on" if self._progress.is_stuck(pump.handled, is_waiting=pump.is_waiting) else ""
        feed = "no bars yet" if bars is None else f"bars from {bars.using}{', none of late' if bars.is_stale else ''}"
        return Health(f"{self._stage()}: {pump.handled} events, {feed}", self._time is not None, fault)

    def _stage(self) -> str:
        return "stopping" if self._supervisor.is_over else "trading" if self._time is not None else "starting"

    def _status(self) -> dict[str, Any]:
        desk, bars = self._desk, self._bars
        status = {
            "state": self._stage(),
            "now_ns": self._clock.now_ns(),
            "started_ns": self._started_wall_ns,
            "pace": self._clock.pace,
            "last_minute_ns": desk.pump.last_minute_ns,
            "events": desk.pump.handled,
            "waiting": len(desk.inbox),
            "data_stream_up": bars is not None and bars.is_up,
            "trade_stream_up": desk.stream.is_up,
            "bars_from": "" if bars is None else bars.using,
            "bars_stale": bars is not None and bars.is_stale,
            "differences": list(desk.differences),
        }
        return status | dict(self._parts.describe(desk.pump.engine).get("status", {}))


def _before_replay(parts: DaemonParts) -> Callable[[Event], None]:
    def see(event: Event) -> None:
        if isinstance(event, ModelPromoted) and parts.load_promoted is not None:
            parts.load_promoted(event)

    return see


def log_report(severity: str, message: str) -> None:
    """Where reports go when nobody else wants them."""
    structlog.get_logger("tradebot").log({"info": 20, "warning": 30}.get(severity, 50), message)
