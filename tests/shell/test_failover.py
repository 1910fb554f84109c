"""A real session with two sources of bars: Alpaca's stream dies, Massive takes over, Alpaca comes back. No gap, no bar twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.shell import scene
from tradebot.core.domain.commands import Command, SubmitOrder
from tradebot.core.domain.events import BarCorrected, Event, FeedChanged, FeedSwitched, MinuteClosed
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.feeds import source_of
from tradebot.core.domain.orders import OrderIntent, Role
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.shell.broker import rest as rest_module
from tradebot.shell.daemon import run_daemon
from tradebot.shell.feeds import data_stream
from tradebot.shell.feeds.polygon_host import polygon_host
from tradebot.shell.parts import ExitSummary
from tradebot.shell.store.journal import Journal
from tradebot.sim.alpaca_server.server import ServerThread

KEY = "canary-massive-key-77"
TWO = ("alpaca", "polygon")
SESSION = scene.sessions().on(scene.DAY)
assert SESSION is not None
OPEN_NS = SESSION.open_ns


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest_module, "BACKOFF_S", 0.001)
    monkeypatch.setattr(data_stream, "SLOT_HELD_S", 0.05)


def journal_of(state: Path) -> str:
    return f"sqlite:///{state}/journal.db"


def at(minutes: float) -> int:
    return OPEN_NS + round(minutes * NS_PER_MINUTE)


class Day:
    """What the engine was told in one run, and faults that strike at an instant of it."""

    def __init__(self, faults: dict[float, list[dict[str, Any]]]) -> None:
        self.events: list[Event] = []
        self.orders: list[OrderIntent] = []
        self.said: list[tuple[str, str]] = []
        self._faults = {at(m): f for m, f in faults.items()}
        self.server: ServerThread | None = None

    def hear(self, severity: str, message: str) -> None:
        self.said.append((severity, message))

    def observe(self, event: Event, commands: Sequence[Command]) -> None:
        self.events.append(event)
        self.orders += [c.intent for c in commands if isinstance(c, SubmitOrder)]
        if isinstance(event, MinuteClosed):
            for fault in self._faults.pop(event.minute_ns, []):
                assert self.server is not None
                if fault.get("name") == "all clear":
                    httpx.delete(f"{self.server.url}/sim/faults").raise_for_status()
                else:
                    httpx.post(f"{self.server.url}/sim/faults", json=fault).raise_for_status()

    async def run(
        self, state: Path, end_min: float, *, prepare: Callable[[ServerThread], None] = lambda s: None, **changes: Any
    ) -> ExitSummary:
        with scene.market() as server:
            prepare(server)
            return await self.run_on(server, state, end_min, **changes)

    async def run_on(self, server: ServerThread, state: Path, end_min: float, **changes: Any) -> ExitSummary:
        self.server = server
        chosen = {"sources": TWO, "failover_s": 20.0, "failback_min": 5, "report": self.hear} | changes
        polygon = polygon_host(KEY, server.url)
        return await run_daemon(scene.parts(server.url, state, observer=self.observe, stop_at_ns=at(end_min), polygon=polygon, **chosen))

    @property
    def minutes(self) -> list[MinuteClosed]:
        return [e for e in self.events if isinstance(e, MinuteClosed) and e.minute_ns >= OPEN_NS]

    @property
    def switches(self) -> list[FeedSwitched]:
        return [e for e in self.events if isinstance(e, FeedSwitched)]

    def check_minutes(self) -> None:
        """Every minute once, in order, and of each every bar of the history."""
        labels = [m.minute_ns for m in self.minutes]
        assert labels == [at(i) for i in range(len(labels))]
        bars = scene.histories()
        for n, symbol in enumerate(scene.SYMBOLS):
            known = set(bars[symbol].minute_ns.tolist())
            assert [m.minute_ns for m in self.minutes if bool(m.present[n]) is not (m.minute_ns in known)] == []


def expected_orders(end_min: float) -> list[OrderIntent]:
    """Those of the undisturbed day."""
    orders: list[OrderIntent] = []
    simulation = scene.in_process()
    simulation.observer = lambda event, commands: orders.extend(c.intent for c in commands if isinstance(c, SubmitOrder))
    simulation.run("cents")
    return [order for order in orders if order.decided_ns < at(end_min)]


def sizes(orders: Sequence[OrderIntent]) -> list[tuple[str, int]]:
    return sorted((order.client_order_id, order.qty) for order in orders)


async def test_alpacas_stream_dies_massive_takes_over_and_alpaca_comes_back(tmp_path: Path) -> None:
    """Mute from 10:00 on: a minute over Alpaca's REST, then Massive, then Alpaca again after five sound minutes."""
    day = Day({29: [{"name": "data_mute", "count": 5}]})
    summary = await day.run(tmp_path / "state", 120)
    assert summary.differences == ()
    day.check_minutes()
    away, back = day.switches
    assert (away.feed, away.reason) == ("polygon", "iex: its stream is mute for 62 s")
    assert (back.feed, back.reason) == ("iex", "iex has been sound for 5 minutes")
    # Provenance in the journal: whole runs of minutes of one source, and no minute of a source before the switch to it.
    feeds = [(source_of(e.feed), e.feed) for e in day.events if isinstance(e, MinuteClosed | FeedSwitched) and e.ts_event_ns >= OPEN_NS]
    runs = [source for n, (source, _) in enumerate(feeds) if n == 0 or feeds[n - 1][0] != source]
    assert runs == ["iex", "polygon", "iex"]
    assert [m.feed for m in day.minutes][28:33] == ["iex", "iex", "iex rest", "polygon", "polygon"]
    # The windows are filled with the new source's own past, so that the day's orders are those of a day without trouble.
    assert all(m.feed == "polygon rest" for m in away.history)
    assert len(away.history) >= scene.WARM_UP_BARS
    assert sizes(day.orders) == sizes(expected_orders(120))
    verified = Journal.open(journal_of(tmp_path / "state"))
    again = scene.new_engine(None)
    for _, event in verified.events():
        again.handle(event)
    assert again.state.feed == "iex"
    await verified.close()


async def test_massive_alone_gives_the_orders_of_the_undisturbed_day(tmp_path: Path) -> None:
    day = Day({})
    summary = await day.run(tmp_path / "state", 60, sources=("polygon",))
    assert summary.differences == ()
    day.check_minutes()
    assert {m.feed for m in day.minutes} == {"polygon"}
    assert day.switches == []
    assert sizes(day.orders) == sizes(expected_orders(60))


async def test_alpacas_data_host_dies_altogether(tmp_path: Path) -> None:
    """Neither its stream nor its REST: the minute waits for the failover, then Massive has it, and no minute is lost."""
    dead = [{"name": "data_mute", "count": 60}, {"name": "http_503_html", "count": 100_000, "method": "GET", "path": "/v2/stocks/bars"}]
    day = Day({29: dead})
    summary = await day.run(tmp_path / "state", 60)
    assert summary.differences == ()
    day.check_minutes()
    (away,) = day.switches
    assert away.feed == "polygon"
    assert away.reason.startswith("iex: REST does not answer for ")
    assert not any(isinstance(e, FeedChanged) for e in day.events)


async def test_without_the_new_sources_past_columns_warm_up_anew_and_no_minute_is_lost(tmp_path: Path) -> None:
    """Massive's plan has no requests left when Alpaca dies: its stream goes on alone, nothing opens on columns that aren't valid."""
    dead = [
        {"name": "data_mute", "count": 100}, {"name": "http_503_html", "count": 100_000, "method": "GET", "path": "/v2/stocks/bars"},
        {"name": "massive_429", "count": 100_000},
    ]  # fmt: skip
    day = Day({29: dead})
    summary = await day.run(tmp_path / "state", 60)
    assert summary.differences == ()
    day.check_minutes()
    (away,) = day.switches
    assert (away.feed, away.history) == ("polygon", ())
    assert ("warning", f"minutes come from polygon instead of iex, without its history: columns warm up anew: {away.reason}") in day.said
    assert [o for o in day.orders if o.role is Role.ENTRY and o.decided_ns > away.ts_event_ns] == []


async def test_when_both_are_silent_the_feed_is_stale_and_no_minute_is_lost(tmp_path: Path) -> None:
    dead = [
        {"name": "data_mute", "count": 8}, {"name": "http_503_html", "count": 100_000, "method": "GET", "path": "/v2/stocks/bars"},
        {"name": "massive_mute", "count": 8}, {"name": "massive_429", "count": 100_000},
    ]  # fmt: skip
    day = Day({29: dead})
    steps = iter([True])

    def heal(severity: str, message: str) -> None:
        """Some minutes after the feed was called stale both come back."""
        if "feed bars stale" in message and next(steps, False):
            assert day.server is not None
            httpx.delete(f"{day.server.url}/sim/faults").raise_for_status()

    summary = await day.run(tmp_path / "state", 60, stale_s=60.0, report=heal)
    assert summary.differences == ()
    day.check_minutes()
    assert [e.stale for e in day.events if isinstance(e, FeedChanged) and e.feed == "bars"] == [True, False]


async def test_massives_stream_alone_is_no_ground_to_switch_and_its_faults_cost_nothing(tmp_path: Path) -> None:
    trouble = [{"name": name, "count": 3} for name in ("massive_close", "massive_abort", "massive_max_connections", "massive_mute")]
    day = Day({29: trouble})
    summary = await day.run(tmp_path / "state", 60)
    assert summary.differences == ()
    day.check_minutes()
    assert {m.feed for m in day.minutes} == {"iex"}
    assert day.switches == []


async def test_missing_minutes_of_the_standby_do_not_matter_and_late_ones_are_left_out(tmp_path: Path) -> None:
    day = Day({10: [{"name": "massive_missing_minute", "count": 4}, {"name": "massive_late_bar", "count": 4}]})
    await day.run(tmp_path / "state", 30)
    day.check_minutes()
    assert day.switches == []


@pytest.mark.parametrize("fault", ["massive_close", "massive_abort", "massive_mute"])
async def test_massive_alone_survives_the_faults_of_its_stream(fault: str, tmp_path: Path) -> None:
    day = Day({10: [{"name": fault, "count": 3}]})
    summary = await day.run(tmp_path / "state", 40, sources=("polygon",))
    assert summary.differences == ()
    day.check_minutes()
    assert {source_of(m.feed) for m in day.minutes} == {"polygon"}


async def test_late_and_corrected_bars_are_journaled_and_rewrite_nothing(tmp_path: Path) -> None:
    """Alpaca: half the shares come with the bar, all of them with the update. Massive: the bar comes half a minute late."""
    day = Day({10: [{"name": "late_updated_bar", "count": 1, "symbol": "SPY"}]})
    await day.run(tmp_path / "alpaca", 20, sources=("alpaca",))
    (corrected,) = [e for e in day.events if isinstance(e, BarCorrected)]
    spy = scene.histories()["SPY"]
    shares = int(spy.volume[int(spy.minute_ns.searchsorted(corrected.minute_ns))])
    assert corrected.old is not None and corrected.new is not None
    assert (corrected.symbol, corrected.kind, corrected.source) == ("SPY", "update", "iex")
    assert (corrected.old.volume, corrected.new.volume) == (shares // 2, shares)
    told = next(m for m in day.minutes if m.minute_ns == corrected.minute_ns)
    assert int(told.volume[scene.SYMBOLS.index("SPY")]) == shares // 2

    day = Day({10: [{"name": "massive_late_bar", "count": 1, "symbol": "SPY"}]})
    await day.run(tmp_path / "massive", 20, sources=("polygon",))
    (late,) = [e for e in day.events if isinstance(e, BarCorrected)]
    assert late.new is not None
    assert (late.symbol, late.kind, late.source, late.old) == ("SPY", "late", "polygon", None)
    told = next(m for m in day.minutes if m.minute_ns == late.minute_ns)
    assert not told.present[scene.SYMBOLS.index("SPY")]


async def test_a_wrong_key_of_massive_stops_the_start_in_one_sentence(tmp_path: Path) -> None:
    def pin(server: ServerThread) -> None:
        server.simulator.massive_key = "another key"

    for sources in (TWO, ("polygon",)):
        with pytest.raises(OperatorFault, match="POLYGON_API_KEY") as fault:
            await Day({}).run(tmp_path / f"state{len(sources)}", 20, prepare=pin, sources=sources)
        assert KEY not in str(fault.value)


async def test_a_key_that_is_revoked_during_the_day_costs_only_its_source(tmp_path: Path) -> None:
    day = Day({10: [{"name": "massive_close", "count": 1}, {"name": "massive_auth_failed", "count": 1}]})
    summary = await day.run(tmp_path / "state", 60)
    assert summary.differences == ()
    day.check_minutes()
    assert [message for severity, message in day.said if severity == "critical" and "polygon" in message] != []
    assert not any(KEY in message for _, message in day.said)


async def test_a_daemon_that_died_on_the_other_source_starts_with_the_past_of_the_preferred_one(tmp_path: Path) -> None:
    day, again = Day({29: [{"name": "data_mute", "count": 60}]}), Day({})
    with scene.market() as server:
        await day.run_on(server, tmp_path / "state", 40)
        httpx.delete(f"{server.url}/sim/faults").raise_for_status()
        await again.run_on(server, tmp_path / "state", 60)
    assert [s.feed for s in day.switches] == ["polygon"]
    (back,) = again.switches
    assert (back.feed, back.reason) == ("iex", "polygon was in use before the start")
    assert len(back.history) >= scene.WARM_UP_BARS
    labels = [m.minute_ns for m in (*day.minutes, *again.minutes)]
    assert labels == [at(i) for i in range(60)]
