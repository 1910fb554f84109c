"""Two sources that come, go, fall mute and stop answering, in any order: no minute is lost, none comes twice, none is mixed."""

from __future__ import annotations

import asyncio
import datetime as dt
import heapq
import itertools
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tradebot.core.domain.events import Event, FeedSwitched, MinuteClosed
from tradebot.core.domain.feeds import source_of
from tradebot.core.domain.session import Session, SessionTable
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S
from tradebot.shell.broker.rest import BrokerUnreachable
from tradebot.shell.clock import Alarm
from tradebot.shell.feeds.assembler import Assembler
from tradebot.shell.feeds.bar_source import BarSource
from tradebot.shell.feeds.bar_wire import Bar
from tradebot.shell.feeds.failover import Failover
from tradebot.shell.feeds.minute_feed import MinuteFeed
from tradebot.shell.inbox import Inbox
from tradebot.shell.quiet import Quiet

OPEN = 1_381_325_400 * NS_PER_S
LENGTH = 60
TABLE = SessionTable((Session(dt.date(2013, 10, 9), OPEN, OPEN + LENGTH * NS_PER_MINUTE),))
SYMBOLS = ("A", "B")
PRICE = {"iex": 100, "polygon": 200}  # the price says where a bar is from
FAILBACK = 3


@dataclass(frozen=True)
class Weather:
    """How a source does during one minute: what of its stream and its REST works."""

    stream: str  # fine | mute | lost
    rest: bool
    late_s: float = 0.5  # after the minute's end, when its bars come
    lacks: tuple[str, ...] = ()


FINE = Weather("fine", True)


class HandClock:
    """Time that a test moves, alarms in order."""

    pace = 0.0

    def __init__(self) -> None:
        self._now_ns = OPEN
        self._heap: list[tuple[int, int, list[Callable[[], None] | None]]] = []
        self._numbers = itertools.count()

    def now_ns(self) -> int:
        return self._now_ns

    def call_at(self, ts_ns: int, ring: Callable[[], None], name: str, missed: Callable[[], None] | None = None) -> Alarm:
        cell: list[Callable[[], None] | None] = [ring]
        heapq.heappush(self._heap, (max(ts_ns, self._now_ns), next(self._numbers), cell))

        class Silencer:
            def cancel(self) -> None:
                cell[0] = None

        return Silencer()

    async def run(self) -> None: ...

    def close(self) -> None: ...

    async def move_to(self, ts_ns: int, quiet: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while self._heap and self._heap[0][0] <= ts_ns:
            at_ns, _, cell = heapq.heappop(self._heap)
            self._now_ns = max(self._now_ns, at_ns)
            if cell[0] is not None:
                cell[0]()
                await quiet()
        self._now_ns = max(self._now_ns, ts_ns)


@dataclass
class World:
    """Two scripted sources around one real minute feed."""

    scripts: dict[str, list[Weather]]
    events: list[Event] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.clock, self.quiet = HandClock(), Quiet()
        self.inbox = Inbox(self.quiet)
        self.sources = [BarSource(self.blank(name, OPEN), Asked(self, name)) for name in self.scripts]
        self.feed = MinuteFeed(
            self.sources, Failover(list(self.scripts), 20 * NS_PER_S, FAILBACK), self.clock, self.inbox, self.quiet, 2 * NS_PER_S,
            90 * NS_PER_S, lambda severity, message: None, self.start, self.blank, lambda now_ns: OPEN,
        )  # fmt: skip
        self.up = dict.fromkeys(self.scripts, False)

    def blank(self, name: str, first_ns: int) -> Assembler:
        return Assembler(SYMBOLS, TABLE, name, first_ns - NS_PER_MINUTE)

    def start(self, work: Any) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def weather(self, name: str, minute: int) -> Weather:
        script = self.scripts[name]
        return script[minute] if minute < len(script) else FINE

    def bars(self, name: str, minute: int) -> list[Bar]:
        price = PRICE[name]
        lacks = self.weather(name, minute).lacks
        return [Bar(s, OPEN + minute * NS_PER_MINUTE, price, price, price, price, 1) for s in SYMBOLS if s not in lacks]

    async def settle(self) -> None:
        while self.tasks:
            await asyncio.gather(*self.tasks)
        while len(self.inbox):
            self.events.append(await self.inbox.get())
            self.inbox.done()

    async def live(self, minutes: int) -> None:
        await self.feed.warm_up()
        for minute in range(minutes):
            end_ns = OPEN + (minute + 1) * NS_PER_MINUTE
            await self.clock.move_to(end_ns - 50 * NS_PER_S, self.settle)
            for source in self.sources:
                is_up = self.weather(source.name, minute).stream != "lost"
                if is_up and not self.up[source.name]:
                    self.feed.on_subscribed(source)
                elif not is_up:
                    self.feed.on_lost(source)
                self.up[source.name] = is_up
                await self.settle()
            for source in sorted(self.sources, key=lambda s: self.weather(s.name, minute).late_s):
                weather = self.weather(source.name, minute)
                await self.clock.move_to(end_ns + round(weather.late_s * NS_PER_S), self.settle)
                if weather.stream == "fine":
                    for bar in self.bars(source.name, minute):
                        self.feed.on_bars(source, [bar])
                await self.settle()
        await self.clock.move_to(OPEN + (minutes + 1) * NS_PER_MINUTE - NS_PER_S, self.settle)


@dataclass
class Asked:
    """A source's REST: all minutes that have ended, where it answers."""

    world: World
    name: str

    async def bars(self, symbols: Sequence[str], first_minute_ns: int, last_minute_ns: int) -> list[Bar]:
        await asyncio.sleep(0)
        now_ns = self.world.clock.now_ns()
        if not self.world.weather(self.name, (now_ns - OPEN - NS_PER_S) // NS_PER_MINUTE).rest:
            raise BrokerUnreachable(f"{self.name} is down")
        ended = min(last_minute_ns, now_ns - NS_PER_MINUTE)
        minutes = range(max((first_minute_ns - OPEN) // NS_PER_MINUTE, 0), (ended - OPEN) // NS_PER_MINUTE + 1)
        return [bar for minute in minutes for bar in self.world.bars(self.name, minute)]


def told(scripts: dict[str, list[Weather]], minutes: int) -> list[Event]:
    world = World(scripts)
    asyncio.run(world.live(minutes))
    return world.events


def minutes_of(events: list[Event]) -> list[MinuteClosed]:
    return [e for e in events if isinstance(e, MinuteClosed)]


def check(events: list[Event]) -> None:
    """Monotone, whole, of one source each, and no minute of a source before the switch to it."""
    closed = minutes_of(events)
    assert [m.minute_ns for m in closed] == [OPEN + i * NS_PER_MINUTE for i in range(len(closed))]
    using = "iex"
    for event in events:
        if isinstance(event, FeedSwitched):
            assert event.feed != using
            using = event.feed
            assert all(source_of(m.feed) == using for m in event.history)
            labels = [m.minute_ns for m in event.history]
            assert labels == sorted(set(labels))
        elif isinstance(event, MinuteClosed):
            assert source_of(event.feed) == using
            assert set(event.close[event.present].tolist()) <= {PRICE[using]}


weather = st.builds(
    Weather,
    stream=st.sampled_from(["fine", "fine", "fine", "mute", "lost"]),
    rest=st.sampled_from([True, True, True, False]),
    late_s=st.sampled_from([0.1, 0.5, 1.5]),
    lacks=st.sampled_from([(), (), ("A",), ("A", "B")]),
)
script = st.lists(st.tuples(weather, st.integers(1, 5)), max_size=8).map(lambda runs: [w for w, n in runs for _ in range(n)][:30])


@settings(max_examples=150)
@given(script, script)
def test_no_gap_no_double_no_mixture_and_back_to_the_preferred_source(iex: list[Weather], polygon: list[Weather]) -> None:
    trouble = max(len(iex), len(polygon))
    minutes = trouble + FAILBACK + 5
    events = told({"iex": iex, "polygon": polygon}, minutes)
    check(events)
    closed = minutes_of(events)
    assert len(closed) == minutes
    assert source_of(closed[-1].feed) == "iex"


@given(script)
def test_a_source_alone_loses_no_minute(alone: list[Weather]) -> None:
    events = told({"iex": alone}, len(alone) + 3)
    check(events)
    assert len(minutes_of(events)) == len(alone) + 3
    assert not any(isinstance(e, FeedSwitched) for e in events)


def test_while_the_other_source_is_sound_no_minute_waits_longer_than_the_failover() -> None:
    dead = [FINE] * 3 + [Weather("lost", rest=False)] * 10
    events = told({"iex": dead, "polygon": []}, 20)
    check(events)
    lateness_s = [(m.ts_event_ns - m.minute_ns - NS_PER_MINUTE) / NS_PER_S for m in minutes_of(events)]
    assert max(lateness_s) <= 22.0
    away, back = [e for e in events if isinstance(e, FeedSwitched)]
    assert (away.feed, away.reason) == ("polygon", "iex: its stream is lost for 52 s")
    assert (back.feed, back.reason) == ("iex", "iex has been sound for 3 minutes")
    # Lost in minute 3, back in minute 13: minutes 13, 14 and 15 were sound, which is known when minute 16 closes.
    assert [source_of(m.feed) for m in minutes_of(events)] == ["iex"] * 3 + ["polygon"] * 14 + ["iex"] * 3


def test_a_flapping_source_is_not_gone_back_to() -> None:
    flapping = [FINE] * 2 + [Weather("mute", rest=True), Weather("mute", rest=True), FINE] * 6
    events = told({"iex": flapping, "polygon": []}, 20)
    check(events)
    assert [e.feed for e in events if isinstance(e, FeedSwitched)] == ["polygon"]
