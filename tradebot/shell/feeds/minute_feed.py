"""Minutes for the engine: from the stream when it delivers, from REST where it did not, from another source where both fail.

A minute closes as soon as every symbol's bar is there. At its end plus a grace it closes without the missing ones, but only when their
absence can be trusted: the stream was up when the minute ended and brought other bars of it. Otherwise REST is asked, which also finds the
socket that is open but mute. While nobody answers the minute stays open and, after `stale_ns`, the feed is called stale.

Where there are several sources, all streams run, and failover.py says which one minutes are taken from; a minute is taken whole from one of
them and is never closed again. A switch begins with the new source's own past, so that no window of the features holds two feeds.

Quotes, where they are wanted, are forgotten whenever the stream may have missed some, and then the latest ones are asked for over REST.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

from tradebot.core.domain.events import FeedChanged, FeedSwitched, MinuteClosed
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S
from tradebot.shell.broker.rest import BrokerUnreachable
from tradebot.shell.clock import Alarm, Clock, Report
from tradebot.shell.feeds.assembler import REPETITION, SKIPPED, Assembler
from tradebot.shell.feeds.bar_source import BarSource
from tradebot.shell.feeds.bar_wire import Bar, BarFault
from tradebot.shell.feeds.correction import Correction
from tradebot.shell.feeds.failover import Failover, Switch
from tradebot.shell.feeds.quote_book import QuoteBook
from tradebot.shell.feeds.quote_wire import Quote, QuoteFault
from tradebot.shell.feeds.quotes_rest import QuotesRest
from tradebot.shell.inbox import Inbox
from tradebot.shell.quiet import Quiet

MUTE_MINUTES_MAX: Final = 2
RETRY_NS: Final = 5 * NS_PER_S
WALL_GRACE_S: Final = 0.25  # on an accelerated clock the wire still takes real time
ANSWER_S_MAX: Final = 10.0  # where there is another source; a new one's past is not waited for longer either: columns then warm up anew
UNTOLD: Final = ("outside regular hours", REPETITION, SKIPPED)
UNREADABLE: Final = (BrokerUnreachable, BarFault, TimeoutError)


class MinuteFeed:
    """`start_task` runs a coroutine whose failure stops the daemon. `blank` makes an assembler for a source's past: (source, first minute).

    `past_from` gives the first minute that features need at an instant.
    """

    def __init__(
        self,
        sources: Sequence[BarSource],
        failover: Failover,
        clock: Clock,
        inbox: Inbox,
        quiet: Quiet,
        grace_ns: int,
        stale_ns: int,
        report: Report,
        start_task: Callable[[Any], asyncio.Task[None]],
        blank: Callable[[str, int], Assembler],
        past_from: Callable[[int], int],
    ) -> None:
        self.name = "bars"
        self._sources = {source.name: source for source in sources}
        self._failover = failover
        self._clock = clock
        self._inbox = inbox
        self._quiet = quiet
        self._grace_ns = max(grace_ns, round(WALL_GRACE_S * NS_PER_S * clock.pace))
        self._stale_ns = stale_ns
        self._report = report
        self._start_task = start_task
        self._blank = blank
        self._past_from = past_from
        self._alarm: Alarm | None = None
        self._alarm_minute_ns = -1
        self._is_stale = False
        self._is_asking = True  # until the warm-up is over: bars that come meanwhile are kept

    @property
    def is_stale(self) -> bool:
        return self._is_stale

    @property
    def using(self) -> BarSource:
        return self._sources[self._failover.using]

    async def warm_up(self, remembered: str = "") -> None:
        """Hand over the minutes that have ended since the assembler's last, from the first source that answers.

        `remembered` is the source that the engine's features are of, "" where they are of none. Raises BrokerUnreachable, BarFault,
        OperatorFault.
        """
        failure: Exception | None = None
        for source in self._sources.values():
            try:
                await self._warm_up_from(source, remembered)
                break
            except UNREADABLE as error:
                failure = failure or error
                self._failover.silent(source.name, self._clock.now_ns(), str(error))
        else:
            assert failure is not None, "there is a source"
            raise failure
        self._is_asking = False
        self._arm()

    async def _warm_up_from(self, source: BarSource, remembered: str) -> None:
        first_minute_ns, now_ns = source.assembler.last_ns + NS_PER_MINUTE, self._clock.now_ns()
        last_ended_ns = now_ns // NS_PER_MINUTE * NS_PER_MINUTE - NS_PER_MINUTE
        is_other = remembered not in ("", source.name)
        asked_ns = min(first_minute_ns, self._past_from(first_minute_ns)) if is_other else first_minute_ns
        bars = await source.rest.bars(source.assembler.symbols, asked_ns, last_ended_ns) if asked_ns <= last_ended_ns else []
        self._failover.use(source.name)
        if is_other:
            self._put_switch(source, [b for b in bars if b.minute_ns < first_minute_ns], f"{remembered} was in use before the start")
        for bar in bars:
            if bar.minute_ns >= first_minute_ns:
                source.assembler.add(bar, over_rest=True)
        self._put(source.assembler.close_through(self._overdue_ns(now_ns), now_ns, is_history=True))
        self._put(source.assembler.close_complete(now_ns))

    def on_subscribed(self, source: BarSource) -> None:
        source.up_since_ns = self._clock.now_ns()
        source.mute_minutes = 0
        self._failover.subscribed(source.name)
        self._renew_quotes(source)

    def on_lost(self, source: BarSource) -> None:
        source.up_since_ns = None
        self._failover.lost(source.name, self._clock.now_ns())
        if source.assembler.quotes is not None:
            source.assembler.quotes.forget()

    def on_quotes(self, source: BarSource, quotes: list[Quote]) -> None:
        if source.assembler.quotes is not None:
            source.assembler.quotes.add(quotes)

    def _renew_quotes(self, source: BarSource) -> None:
        book, latest = source.assembler.quotes, source.latest_quotes
        if book is not None and latest is not None:
            book.forget()
            self._quiet.begin()
            self._start_task(self._ask_quotes(book, latest, source.assembler.symbols))

    async def _ask_quotes(self, book: QuoteBook, latest: QuotesRest, symbols: tuple[str, ...]) -> None:
        since = book.forgotten
        try:
            found = await latest.quotes(symbols)
            if book.forgotten == since:  # else the stream was lost meanwhile, and who knows what came after these
                book.add(found)
        except (BrokerUnreachable, QuoteFault) as error:
            self._report("warning", f"no latest quotes: {error}")
        finally:
            self._quiet.end()

    def on_bars(self, source: BarSource, bars: list[Bar], *, updated: bool = False) -> None:
        now_ns = self._clock.now_ns()
        for bar in bars:
            odd = "from the future" if bar.minute_ns > now_ns else source.assembler.add(bar, updated=updated)
            if odd is None or odd == SKIPPED:
                self._failover.brought(source.name, bar.minute_ns)
            if odd is not None and odd not in UNTOLD:
                self._report("info", f"bar of {bar.symbol} {bar.minute_ns} is {odd}")
        self.on_corrections(source, source.assembler.drain_corrections())
        self._go_on()

    def on_corrections(self, source: BarSource, corrections: list[Correction]) -> None:
        """What came too late to count is journaled; no decision is rewritten."""
        for correction in corrections:
            self._inbox.put(correction.event(source.name, self._clock.now_ns()))

    def _go_on(self) -> None:
        """Close what is complete; go back to a better source where there is one."""
        if self._is_asking:
            return
        now_ns = self._clock.now_ns()
        self._put(self.using.assembler.close_complete(now_ns))
        minute_ns = self.using.assembler.next_minute()
        verdict = None if minute_ns is None else self._failover.verdict(minute_ns, now_ns)
        if verdict is not None and verdict.back:
            self._begin(self._switch(verdict))
        else:
            self._arm()

    def _put(self, closed: list[MinuteClosed]) -> None:
        """Hand over minutes of the source in use; the others leave them out."""
        if closed and self._is_stale:
            self._is_stale = False
            self._inbox.put(FeedChanged(ts_event_ns=self._clock.now_ns(), feed=self.name, stale=False, reason="minutes arrive again"))
        for minute in closed:
            self._inbox.put(minute)
            self._failover.closed(minute.minute_ns, had_bars=bool(minute.present.any()))
        for source in self._sources.values():
            if source is not self.using:
                source.assembler.skip_through(self.using.assembler.last_ns)

    def _put_switch(self, source: BarSource, past: list[Bar], reason: str) -> None:
        now_ns = self._clock.now_ns()
        history: list[MinuteClosed] = []
        if past:
            assembler = self._blank(source.name, min(bar.minute_ns for bar in past))
            for bar in past:
                assembler.add(bar, over_rest=True)
            history = assembler.close_through(max(bar.minute_ns for bar in past), now_ns, is_history=True)
        self._inbox.put(FeedSwitched(ts_event_ns=now_ns, feed=source.name, reason=reason, history=tuple(history)))

    def _arm(self, retry_ns: int = 0) -> None:
        minute_ns = self.using.assembler.next_minute()
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
        source, now_ns = self.using, self._clock.now_ns()
        minute_ns = source.assembler.next_minute()
        if minute_ns is None or self._is_asking:
            return
        was_up = source.was_up(minute_ns + NS_PER_MINUTE)
        if was_up and source.assembler.has_bars(minute_ns):
            source.mute_minutes = 0
            self._put(source.assembler.close_through(minute_ns, now_ns))
            self._go_on()
            return
        verdict = self._failover.verdict(minute_ns, now_ns)
        self._begin(self._ask(minute_ns, was_up) if verdict is None or verdict.back else self._switch(verdict))

    def _begin(self, work: Any) -> None:
        """Work that may close minutes: until it is done nothing else does."""
        self._is_asking = True
        self._quiet.begin()
        self._start_task(self._done_by(work))

    async def _done_by(self, work: Any) -> None:
        retry_ns = 0
        try:
            retry_ns = await work
            self._put(self.using.assembler.close_complete(self._clock.now_ns()))  # what came meanwhile
        finally:
            self._is_asking = False
            self._alarm_minute_ns = -1
            self._arm(retry_ns)
            self._quiet.end()

    async def _ask(self, minute_ns: int, was_up: bool) -> int:
        """The minute over the REST of the source in use. Returns when to try again, 0 where the minute is closed."""
        source = self.using
        try:
            last_ns = max(minute_ns, self._overdue_ns(self._clock.now_ns()))
            async with asyncio.timeout(None if len(self._sources) == 1 else ANSWER_S_MAX):
                bars = await source.rest.bars(source.assembler.symbols, minute_ns, last_ns)
        except UNREADABLE as error:
            return await self._on_silence(minute_ns, str(error) or type(error).__name__)
        except OperatorFault as fault:
            if len(self._sources) == 1:
                raise
            self._report("critical", str(fault))
            return await self._on_silence(minute_ns, str(fault))
        missed = sum(source.assembler.add(bar, over_rest=True) is None for bar in bars)
        if missed and was_up:
            self._renew_quotes(source)  # where bars are missing, quotes may be too
            self._failover.silent(source.name, minute_ns + NS_PER_MINUTE, "its stream is mute")
        elif was_up:
            self._failover.sound(source.name)
        self._close(source, last_ns)
        source.mute_minutes = source.mute_minutes + 1 if missed and was_up else 0
        if source.mute_minutes >= MUTE_MINUTES_MAX:
            source.mute_minutes = 0
            source.cut(f"{missed} bars came over REST that the stream did not bring")
        return 0

    def _close(self, source: BarSource, last_ns: int) -> None:
        now_ns = self._clock.now_ns()
        self._put(source.assembler.close_through(last_ns, now_ns))
        self._put(source.assembler.close_complete(now_ns))

    async def _switch(self, switch: Switch) -> int:
        """Go over to another source: its past first, then what is overdue from it. Returns when to try again, 0 where it is done."""
        source = self._sources[switch.source]
        minute_ns = self.using.assembler.next_minute()
        assert minute_ns is not None, "a switch is for a minute that is wanted"
        now_ns = self._clock.now_ns()
        last_ns = max(minute_ns - NS_PER_MINUTE, self._overdue_ns(now_ns))
        try:
            async with asyncio.timeout(ANSWER_S_MAX):
                bars = await source.rest.bars(source.assembler.symbols, self._past_from(minute_ns), last_ns)
        except (*UNREADABLE, OperatorFault) as error:
            self._report("warning", f"no past of {source.name}: {error or 'no answer in time'}")
            if switch.back or not source.was_up(minute_ns + NS_PER_MINUTE):
                self._failover.stay(source.name)
                return 0 if switch.back else await self._ask(minute_ns, was_up=False)
            bars = []
        self._take_over(source, bars, minute_ns, last_ns, switch.reason)
        return 0

    def _take_over(self, source: BarSource, bars: list[Bar], minute_ns: int, last_ns: int, reason: str) -> None:
        self._put_switch(source, [bar for bar in bars if bar.minute_ns < minute_ns], reason)
        self._failover.use(source.name)
        for bar in bars:
            if bar.minute_ns >= minute_ns:
                source.assembler.add(bar, over_rest=True)
        self._close(source, last_ns)

    async def _on_silence(self, minute_ns: int, reason: str) -> int:
        """Nobody of the source in use answers. Another one may, over REST alone; else after a while the feed is stale."""
        now_ns = self._clock.now_ns()
        self._report("warning", f"no bars: {reason}")
        self._failover.silent(self.using.name, minute_ns + NS_PER_MINUTE, "REST does not answer")
        if self._failover.has_failed(now_ns):
            why, last_ns = self._failover.why(now_ns), max(minute_ns, self._overdue_ns(now_ns))
            for other in [s for s in self._sources.values() if s is not self.using]:
                try:
                    async with asyncio.timeout(ANSWER_S_MAX):
                        bars = await other.rest.bars(other.assembler.symbols, self._past_from(minute_ns), last_ns)
                except (*UNREADABLE, OperatorFault) as error:
                    self._report("warning", f"nor from {other.name}: {error or 'no answer in time'}")
                    continue
                if any(bar.minute_ns >= minute_ns for bar in bars):
                    self._take_over(other, bars, minute_ns, last_ns, why)
                    return 0
        if not self._is_stale and now_ns - minute_ns - NS_PER_MINUTE > self._stale_ns:
            self._is_stale = True
            self._inbox.put(FeedChanged(ts_event_ns=now_ns, feed=self.name, stale=True, reason=reason))
        return now_ns + RETRY_NS
