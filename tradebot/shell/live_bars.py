"""The daemon's bars: the warm-up it needs, the stream it reads, and the minutes that come of both."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Final

from tradebot.core.domain.bars import Float
from tradebot.core.domain.events import MinuteClosed
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.session import SessionTable
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S
from tradebot.shell.broker.rest import BrokerUnreachable, Rest
from tradebot.shell.clock import Clock, Report
from tradebot.shell.feeds.assembler import Assembler
from tradebot.shell.feeds.bar_wire import BarFault
from tradebot.shell.feeds.bars_rest import BarsRest
from tradebot.shell.feeds.data_stream import DataStream
from tradebot.shell.feeds.minute_feed import MinuteFeed, warm_up_from
from tradebot.shell.feeds.quote_book import QuoteBook
from tradebot.shell.feeds.quotes_rest import QuotesRest
from tradebot.shell.inbox import Inbox
from tradebot.shell.lockstep import FrameTally
from tradebot.shell.parts import DaemonParts
from tradebot.shell.quiet import Quiet
from tradebot.shell.supervise import Supervisor

GAP_SESSIONS_MAX: Final = 5  # a longer gap in the perceived minutes is not filled in full: the features warm up anew
HISTORY_RETRY_S: Final = 5.0


class LiveBars:
    """`first_minute_ns` is the first minute that the engine has not perceived. `subscribed` is set at each subscription."""

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
        supervisor: Supervisor,
        report: Report,
    ) -> None:
        self.subscribed = asyncio.Event()
        self._macro = parts.macro
        self._report = report
        self._supervisor = supervisor
        self._minutes = MinuteFeed(
            Assembler(
                symbols,
                parts.sessions,
                parts.feed,
                first_minute_ns - NS_PER_MINUTE,
                QuoteBook(symbols) if parts.quotes else None,
                self._macro_of,
            ),
            BarsRest(rest, parts.feed, lambda why: report("warning", f"refused {why}"), parts.adjustment),
            clock,
            inbox,
            quiet,
            round(parts.grace_s * NS_PER_S),
            round(parts.stale_s * NS_PER_S),
            report,
            supervisor.start,
            QuotesRest(rest, parts.feed) if parts.quotes else None,
        )
        self._stream = DataStream(
            parts.endpoints.data_stream_url,
            parts.credentials,
            symbols,
            self._minutes.on_bars,
            self._on_subscribed,
            self._minutes.on_lost,
            report,
            quiet,
            tally,
            self._minutes.on_quotes if parts.quotes else None,
            parts.outside.connect,
        )
        self._minutes.cut = self._stream.reconnect

    @property
    def is_up(self) -> bool:
        return self._stream.is_up

    @property
    def is_stale(self) -> bool:
        return self._minutes.is_stale

    def start(self) -> None:
        self._supervisor.start(self._stream.run(), "data stream")

    async def warm_up(self) -> None:
        """Hand over what has ended already; a data host that does not answer is asked again until it does."""
        while True:
            try:
                return await self._minutes.warm_up()
            except (BrokerUnreachable, BarFault) as error:
                self._report("warning", f"no history for the warm-up, again in {HISTORY_RETRY_S:.0f} s: {error}")
                await asyncio.sleep(HISTORY_RETRY_S)

    def _macro_of(self, date: dt.date) -> Float | None:
        """A series that can't be read is absent for the session: it stops no daemon that holds positions."""
        try:
            return None if self._macro is None else self._macro(date)
        except OperatorFault as fault:
            self._report("critical", f"no macro values for {date}: {fault}")
            return None

    def _on_subscribed(self) -> None:
        self.subscribed.set()
        self._minutes.on_subscribed()


def first_minute_ns(last: MinuteClosed | None, sessions: SessionTable, now_ns: int, warm_up_bars: int) -> int:
    """Where the bars must begin: after the last perceived minute, or at the start of the warm-up where that is long ago or never was."""
    warm_up_ns = warm_up_from(sessions, now_ns, warm_up_bars)
    if last is None:
        return warm_up_ns
    opened = [s.open_ns for s in sessions.sessions if s.open_ns <= now_ns]
    filled_ns = opened[-GAP_SESSIONS_MAX] if len(opened) >= GAP_SESSIONS_MAX else 0
    first_ns = last.minute_ns + NS_PER_MINUTE
    return first_ns if first_ns >= min(filled_ns, warm_up_ns) else warm_up_ns
