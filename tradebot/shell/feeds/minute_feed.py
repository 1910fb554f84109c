"""Minutes for the engine: from the stream when it delivers, from REST where it did not.

A minute closes as soon as every symbol's bar is there. At its end plus a grace it closes without the missing ones, but only when their
absence can be trusted: the stream was up when the minute ended and brought other bars of it. Otherwise REST is asked, which also finds the
socket that is open but mute. While nobody answers the minute stays open and, after `stale_ns`, the feed is called stale.

Quotes, where they are wanted, are forgotten whenever the stream may have missed some, and then the latest ones are asked for over REST.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from tradebot.core.domain.events import FeedChanged, MinuteClosed
from tradebot.core.domain.session import SessionTable
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S
from tradebot.shell.broker.rest import BrokerUnreachable
from tradebot.shell.clock import Alarm, Clock, Report
from tradebot.shell.feeds.assembler import Assembler
from tradebot.shell.feeds.bar_wire import Bar, BarFault
from tradebot.shell.feeds.bars_rest import BarsRest
from tradebot.shell.feeds.quote_book import QuoteBook
from tradebot.shell.feeds.quote_wire import Quote, QuoteFault
from tradebot.shell.feeds.quotes_rest import QuotesRest
from tradebot.shell.inbox import Inbox
from tradebot.shell.quiet import Quiet

MUTE_MINUTES_MAX: Final = 2
RETRY_NS: Final = 5 * NS_PER_S
WALL_GRACE_S: Final = 0.25  # on an accelerated clock the wire still takes real time


class MinuteFeed:
    """`cut` is called to end a mute connection. `start_task` runs a coroutine whose failure stops the daemon."""

    def __init__(
        self,
        assembler: Assembler,
        rest: BarsRest,
        clock: Clock,
        inbox: Inbox,
        quiet: Quiet,
        grace_ns: int,
        stale_ns: int,
        report: Report,
        start_task: Callable[[Any], asyncio.Task[None]],
        latest_quotes: QuotesRest | None = None,
    ) -> None:
        self.name = "bars"
        self._assembler = assembler
        self._rest = rest
        self._latest_quotes = latest_quotes
        self._clock = clock
        self._inbox = inbox
        self._quiet = quiet
        self._grace_ns = max(grace_ns, round(WALL_GRACE_S * NS_PER_S * clock.pace))
        self._stale_ns = stale_ns
        self._report = report
        self._start_task = start_task
        self._alarm: Alarm | None = None
        self._alarm_minute_ns = -1
        self._up_since_ns: int | None = None
        self._mute_minutes = 0
        self._is_stale = False
        self._is_asking = True  # until the warm-up is over: bars that come meanwhile are kept
        self.cut: Callable[[str], None] = lambda reason: None

    @property
    def is_stale(self) -> bool:
        return self._is_stale

    async def warm_up(self) -> None:
        """Hand over the minutes that have ended since the assembler's last. Raises BrokerUnreachable, BarFault, OperatorFault."""
        first_minute_ns = self._assembler.last_ns + NS_PER_MINUTE
        now_ns = self._clock.now_ns()
        last_ended_ns = now_ns // NS_PER_MINUTE * NS_PER_MINUTE - NS_PER_MINUTE
        if first_minute_ns <= last_ended_ns:
            for bar in await self._rest.bars(self._assembler.symbols, first_minute_ns, last_ended_ns):
                self._assembler.add(bar)
            self._put(self._assembler.close_through(self._overdue_ns(now_ns), now_ns, is_history=True))
        self._put(self._assembler.close_complete(now_ns))
        self._is_asking = False
        self._arm()

    def on_subscribed(self) -> None:
        self._up_since_ns = self._clock.now_ns()
        self._mute_minutes = 0
        self._renew_quotes()

    def on_lost(self) -> None:
        self._up_since_ns = None
        if self._assembler.quotes is not None:
            self._assembler.quotes.forget()

    def on_quotes(self, quotes: list[Quote]) -> None:
        if self._assembler.quotes is not None:
            self._assembler.quotes.add(quotes)

    def _renew_quotes(self) -> None:
        book, latest = self._assembler.quotes, self._latest_quotes
        if book is not None and latest is not None:
            book.forget()
            self._quiet.begin()
            self._start_task(self._ask_quotes(book, latest))

    async def _ask_quotes(self, book: QuoteBook, latest: QuotesRest) -> None:
        since = book.forgotten
        try:
            found = await latest.quotes(self._assembler.symbols)
            if book.forgotten == since:  # else the stream was lost meanwhile, and who knows what came after these
                book.add(found)
        except (BrokerUnreachable, QuoteFault) as error:
            self._report("warning", f"no latest quotes: {error}")
        finally:
            self._quiet.end()

    def on_bars(self, bars: list[Bar]) -> None:
        now_ns = self._clock.now_ns()
        for bar in bars:
            odd = "from the future" if bar.minute_ns > now_ns else self._assembler.add(bar)
            if odd is not None and odd != "outside regular hours":
                self._report("info", f"bar of {bar.symbol} {bar.minute_ns} is {odd}")
        self._put(self._assembler.close_complete(now_ns))
        self._arm()

    def _put(self, closed: list[MinuteClosed]) -> None:
        if closed and self._is_stale:
            self._is_stale = False
            self._inbox.put(FeedChanged(ts_event_ns=self._clock.now_ns(), feed=self.name, stale=False, reason="minutes arrive again"))
        for minute in closed:
            self._inbox.put(minute)

    def _arm(self, retry_ns: int = 0) -> None:
        minute_ns = self._assembler.next_minute()
        if self._is_asking or (minute_ns == self._alarm_minute_ns and not retry_ns):
            return
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if minute_ns is None:
            return
        self._alarm_minute_ns = minute_ns
        due_ns = max(minute_ns + NS_PER_MINUTE + self._grace_ns, retry_ns)
        self._alarm = self._clock.call_at(due_ns, self._on_due, "minute", self._on_due)

    def _overdue_ns(self, now_ns: int) -> int:
        """The newest minute (start) whose grace is over."""
        return (now_ns - self._grace_ns) // NS_PER_MINUTE * NS_PER_MINUTE - NS_PER_MINUTE

    def _on_due(self) -> None:
        self._alarm = None
        minute_ns, now_ns = self._assembler.next_minute(), self._clock.now_ns()
        if minute_ns is None or self._is_asking:
            return
        was_up = self._up_since_ns is not None and self._up_since_ns <= minute_ns + NS_PER_MINUTE
        if was_up and self._assembler.has_bars(minute_ns):
            self._mute_minutes = 0
            self._put(self._assembler.close_through(minute_ns, now_ns))
            self._put(self._assembler.close_complete(now_ns))
            self._arm()
            return
        self._is_asking = True
        self._quiet.begin()
        self._start_task(self._ask(minute_ns, was_up))

    async def _ask(self, minute_ns: int, was_up: bool) -> None:
        retry_ns = 0
        try:
            last_ns = self._overdue_ns(self._clock.now_ns())
            bars = await self._rest.bars(self._assembler.symbols, minute_ns, max(minute_ns, last_ns))
            missed = sum(self._assembler.add(bar) is None for bar in bars)
            if missed and was_up:
                self._renew_quotes()  # where bars are missing, quotes may be too
            now_ns = self._clock.now_ns()
            self._put(self._assembler.close_through(max(minute_ns, last_ns), now_ns))
            self._put(self._assembler.close_complete(now_ns))
            self._mute_minutes = self._mute_minutes + 1 if missed and was_up else 0
            if self._mute_minutes >= MUTE_MINUTES_MAX:
                self._mute_minutes = 0
                self.cut(f"{missed} bars came over REST that the stream did not bring")
        except (BrokerUnreachable, BarFault) as error:
            retry_ns = self._clock.now_ns() + RETRY_NS
            self._on_silence(minute_ns, str(error))
        finally:
            self._is_asking = False
            self._alarm_minute_ns = -1
            self._arm(retry_ns)
            self._quiet.end()

    def _on_silence(self, minute_ns: int, reason: str) -> None:
        now_ns = self._clock.now_ns()
        self._report("warning", f"no bars: {reason}")
        if not self._is_stale and now_ns - minute_ns - NS_PER_MINUTE > self._stale_ns:
            self._is_stale = True
            self._inbox.put(FeedChanged(ts_event_ns=now_ns, feed=self.name, stale=True, reason=reason))


def warm_up_from(sessions: SessionTable, now_ns: int, bars: int) -> int:
    """The first minute to fetch: `bars` regular minutes before now, and never less than the session under way from its open.

    With too few sessions in the table, the first one's open.
    """
    first_ns = now_ns
    for session in reversed([s for s in sessions.sessions if s.open_ns <= now_ns]):
        if bars <= 0 and not session.contains(now_ns):
            break
        minutes = (min(session.close_ns, now_ns) - session.open_ns) // NS_PER_MINUTE
        whole = minutes <= bars or session.contains(now_ns)
        first_ns = session.open_ns if whole else session.close_ns - bars * NS_PER_MINUTE
        bars -= minutes
    return first_ns
