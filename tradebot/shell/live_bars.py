"""The daemon's bars: the warm-up it needs, the stream it reads, and the minutes that come of both."""

from __future__ import annotations

import asyncio
import datetime as dt
from functools import partial
from typing import Final

from tradebot.core.domain.bars import Float
from tradebot.core.domain.events import MinuteClosed
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.feeds import source_of
from tradebot.core.domain.session import SessionTable
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S
from tradebot.shell.broker.rest import Rest
from tradebot.shell.clock import Clock, Report
from tradebot.shell.feeds.assembler import Assembler
from tradebot.shell.feeds.bar_source import AsksBars, BarSource
from tradebot.shell.feeds.bars_rest import BarsRest
from tradebot.shell.feeds.data_stream import DataStream
from tradebot.shell.feeds.failover import Failover
from tradebot.shell.feeds.minute_feed import UNREADABLE, MinuteFeed
from tradebot.shell.feeds.polygon_host import SOURCE
from tradebot.shell.feeds.polygon_rest import PolygonRest
from tradebot.shell.feeds.polygon_stream import PolygonStream
from tradebot.shell.feeds.quote_book import QuoteBook
from tradebot.shell.feeds.quotes_rest import QuotesRest
from tradebot.shell.feeds.status_wire import put_halts
from tradebot.shell.feeds.warm_up import warm_up_from
from tradebot.shell.inbox import Inbox
from tradebot.shell.lockstep import FrameTally
from tradebot.shell.parts import DaemonParts
from tradebot.shell.quiet import Quiet
from tradebot.shell.supervise import Supervisor

GAP_SESSIONS_MAX: Final = 5  # a longer gap in the perceived minutes is not filled in full: the features warm up anew
HISTORY_RETRY_S: Final = 5.0


class LiveBars:
    """`first_minute_ns` is the first minute that the engine has not perceived, `remembered` the feed of the last one that it has.

    `subscribed` is set once every source's stream has been subscribed to.
    """

    def __init__(
        self,
        parts: DaemonParts,
        symbols: tuple[str, ...],
        first_minute_ns: int,
        clock: Clock,
        inbox: Inbox,
        quiet: Quiet,
        tally: FrameTally,
        rest: Rest,
        polygon_rest: Rest | None,
        supervisor: Supervisor,
        report: Report,
        remembered: str = "",
    ) -> None:
        self.subscribed = asyncio.Event()
        self._parts = parts
        self._symbols = symbols
        self._report = report
        self._supervisor = supervisor
        self._remembered = source_of(remembered)
        self._is_warm = False
        self._on_status = put_halts(inbox, clock, report)
        sources: list[BarSource] = []
        for name in parts.sources:
            if name == SOURCE:
                assert polygon_rest is not None, "who names polygon says where it is"
                sources.append(self._source(SOURCE, first_minute_ns, PolygonRest(polygon_rest, self._refused, parts.adjustment)))
            else:
                asks = BarsRest(rest, parts.feed, self._refused, parts.adjustment)
                sources.append(self._source(parts.feed, first_minute_ns, asks))
                if parts.quotes:
                    sources[-1].latest_quotes = QuotesRest(rest, parts.feed)
        self._minutes = MinuteFeed(
            sources,
            Failover([source.name for source in sources], round(parts.failover_s * NS_PER_S), parts.failback_min),
            clock,
            inbox,
            quiet,
            round(parts.grace_s * NS_PER_S),
            round(parts.stale_s * NS_PER_S),
            report,
            supervisor.start,
            self._assembler,
            lambda now_ns: warm_up_from(parts.sessions, now_ns, parts.warm_up_bars),
        )
        self._awaited = {source.name for source in sources}
        self._streams = {source.name: self._stream(source, quiet, tally) for source in sources}
        for source in sources:
            source.cut = self._streams[source.name].reconnect

    @property
    def is_up(self) -> bool:
        return self._streams[self.using].is_up

    @property
    def is_stale(self) -> bool:
        return self._minutes.is_stale

    @property
    def using(self) -> str:
        """The source that minutes are taken from."""
        return self._minutes.using.name

    def start(self) -> None:
        for name, stream in self._streams.items():
            self._supervisor.start(self._run(name, stream), f"{name} stream" if name == SOURCE else "data stream")

    async def warm_up(self) -> None:
        """Hand over what has ended already; a data host that does not answer is asked again until it does."""
        while True:
            try:
                await self._minutes.warm_up(self._remembered)
                self._is_warm = True
                return
            except UNREADABLE as error:
                self._report("warning", f"no history for the warm-up, again in {HISTORY_RETRY_S:.0f} s: {error}")
                await asyncio.sleep(HISTORY_RETRY_S)

    async def _run(self, name: str, stream: DataStream | PolygonStream) -> None:
        """A key that is refused stops the start; later it costs only its source, where there is another one."""
        try:
            await stream.run()
        except OperatorFault as fault:
            if len(self._streams) == 1 or not self._is_warm:
                raise
            self._report("critical", f"no more bars from {name}: {fault}")

    def _source(self, name: str, first_minute_ns: int, asks: AsksBars) -> BarSource:
        assembler = self._assembler(name, first_minute_ns)
        if self._parts.quotes:
            assembler.quotes = QuoteBook(self._symbols)
        return BarSource(assembler, asks)

    def _assembler(self, name: str, first_minute_ns: int) -> Assembler:
        return Assembler(self._symbols, self._parts.sessions, name, first_minute_ns - NS_PER_MINUTE, None, self._macro_of)

    def _stream(self, source: BarSource, quiet: Quiet, tally: FrameTally) -> DataStream | PolygonStream:
        parts, minutes = self._parts, self._minutes

        def subscribed() -> None:
            self._awaited.discard(source.name)
            if not self._awaited:
                self.subscribed.set()
            minutes.on_subscribed(source)

        on_bars, on_lost = partial(minutes.on_bars, source), partial(minutes.on_lost, source)
        on_quotes = partial(minutes.on_quotes, source) if parts.quotes else None
        if source.name == SOURCE:
            assert parts.polygon is not None, "who names polygon says where it is"
            return PolygonStream(
                parts.polygon, self._symbols, on_bars, subscribed, on_lost, self._report, quiet, tally, on_quotes, parts.outside.connect
            )
        return DataStream(
            parts.endpoints.data_stream_url, parts.credentials, self._symbols, on_bars, subscribed, on_lost, self._report, quiet, tally,
            on_quotes, parts.outside.connect, partial(minutes.on_bars, source, updated=True), partial(minutes.on_corrections, source),
            self._on_status,
        )  # fmt: skip

    def _refused(self, why: str) -> None:
        self._report("warning", f"refused {why}")

    def _macro_of(self, date: dt.date) -> Float | None:
        """A series that can't be read is absent for the session: it stops no daemon that holds positions."""
        try:
            return None if self._parts.macro is None else self._parts.macro(date)
        except OperatorFault as fault:
            self._report("critical", f"no macro values for {date}: {fault}")
            return None


def first_minute_ns(last: MinuteClosed | None, sessions: SessionTable, now_ns: int, warm_up_bars: int) -> int:
    """Where the bars must begin: after the last perceived minute, or at the start of the warm-up where that is long ago or never was."""
    warm_up_ns = warm_up_from(sessions, now_ns, warm_up_bars)
    if last is None:
        return warm_up_ns
    opened = [s.open_ns for s in sessions.sessions if s.open_ns <= now_ns]
    filled_ns = opened[-GAP_SESSIONS_MAX] if len(opened) >= GAP_SESSIONS_MAX else 0
    first_ns = last.minute_ns + NS_PER_MINUTE
    return first_ns if first_ns >= min(filled_ns, warm_up_ns) else warm_up_ns
