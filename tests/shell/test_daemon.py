"""The daemon against the simulated Alpaca: a whole real session through sockets, and what interrupts it."""

from __future__ import annotations

import asyncio
import signal
import stat
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.shell import scene
from tradebot.core.domain.commands import Command, SubmitOrder
from tradebot.core.domain.events import Event, FeedChanged, MinuteClosed, OperatorOrder
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.orders import OrderIntent
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.shell.api_client import ApiClient, NotRunning
from tradebot.shell.broker import rest as rest_module
from tradebot.shell.broker.endpoints import Credentials
from tradebot.shell.daemon import run_daemon
from tradebot.shell.store import reads
from tradebot.shell.store.journal import Journal

ROOT = Path(__file__).parents[2]


def journal_of(state: Path) -> str:
    return f"sqlite:///{state}/journal.db"


def by_id(intent: OrderIntent) -> str:
    return intent.client_order_id


async def test_a_session_through_the_wire_gives_the_same_orders_and_the_same_cash_as_without_one(tmp_path: Path) -> None:
    expected = scene.in_process()
    expected_orders, orders = list[OrderIntent](), list[OrderIntent]()
    expected.observer = lambda event, commands: expected_orders.extend(c.intent for c in commands if isinstance(c, SubmitOrder))
    expected.run("cents")
    lateness: list[int] = []

    def observe(event: Event, commands: Sequence[Command]) -> None:
        orders.extend(c.intent for c in commands if isinstance(c, SubmitOrder))
        if isinstance(event, MinuteClosed) and event.minute_ns >= scene.start_ns():
            lateness.append(event.ts_event_ns - event.minute_ns - NS_PER_MINUTE)

    with scene.market() as server:
        summary = await run_daemon(scene.parts(server.url, tmp_path / "state", observer=observe))
    assert summary.differences == ()
    assert summary.positions == ()
    assert summary.cash_units == expected.venue.cash_units
    assert sorted(orders, key=by_id) == sorted(expected_orders, key=by_id)
    counts = reads.counts(journal_of(tmp_path / "state"))
    assert all(0 <= late_ns <= scene.GRACE_S * 10**9 for late_ns in lateness)
    assert counts["fills"] > 50
    assert counts["decisions"] == 390
    assert {job["job"]: job["outcome"] for job in reads.jobs(journal_of(tmp_path / "state"))} == {
        "rebalance": "ran",
        "session_open": "ran",
        "flatten": "ran",
        "session_close": "ran",
    }


@contextmanager
def daemon(url: str, state: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.shell.daemon_process", url, str(state)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)


def said(child: subprocess.Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


async def test_sigkill_in_mid_session_leaves_no_double_order_and_the_same_books(tmp_path: Path) -> None:
    """Killed twice at different depths of the day, started again each time."""
    expected = scene.in_process()
    expected.run("cents")
    state = tmp_path / "state"
    with scene.market() as server:
        for events in (150, 600):
            with daemon(server.url, state) as child:
                assert said(child) == "started"
                while reads.counts(journal_of(state))["events"] < events:
                    await asyncio.sleep(0.005)
                child.send_signal(signal.SIGKILL)
                child.wait()
        with daemon(server.url, state) as child:
            assert said(child) == "started"
            assert said(child) == f"cash {expected.venue.cash_units} differences 0"
        orders = list(server.simulator.venue.orders.values())
    ids = Counter(order.client_order_id for order in orders)
    assert max(ids.values()) == 1
    assert reads.counts(journal_of(state))["decisions"] == 390


def test_a_second_instance_is_refused_and_the_first_stops_cleanly_on_sigterm(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with scene.market(speed=1.0) as server, daemon(server.url, state) as first:
        assert said(first) == "started"
        with daemon(server.url, state) as second:
            assert said(second) == f"fault another tradebot (process {first.pid}) runs on {state}"
            assert second.wait() == 1
        client = ApiClient(state / "control.sock")
        assert client.status()["state"] == "trading"
        assert stat.S_IMODE((state / "control.sock").stat().st_mode) == 0o600
        client.tell(OperatorOrder.PAUSE, "lunch")
        with pytest.raises(OperatorFault, match="a reason is needed"):
            client.tell(OperatorOrder.RESUME, " ")
        client.tell(OperatorOrder.RESUME, "lunch is over")
        wait_for(lambda: "resumed: lunch is over" in (state / "daemon.log").read_text())  # the books have been compared for it
        first.send_signal(signal.SIGTERM)
        assert said(first).startswith("cash 1000000000")
        assert first.wait() == 0
        with pytest.raises(NotRunning):
            client.status()
    logged = (state / "daemon.log").read_text()
    assert "paused: lunch" in logged
    assert stat.S_IMODE((state / "daemon.log").stat().st_mode) == 0o600
    everything = logged + "".join(p.read_bytes().decode("latin-1") for p in state.iterdir() if p.is_file())
    assert scene.KEYS.secret not in everything


async def test_a_stop_over_the_control_socket(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with scene.market(speed=1.0) as server:
        started = asyncio.Event()
        parts = scene.parts(server.url, state, socket_path=state / "c.sock", started=started.set)
        running = asyncio.create_task(run_daemon(parts))
        await asyncio.wait_for(started.wait(), 30)
        await asyncio.to_thread(ApiClient(state / "c.sock").stop, "enough")
        assert (await asyncio.wait_for(running, 30)).reason == "enough"
    assert not (state / "c.sock").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"credentials": Credentials("PKTEST", "canary-wrong")}, "does not accept the API key"),
        ({"pinned_account": "SOMEBODY"}, "pins account SOMEBODY"),
        ({"live": True, "pinned_account": None}, "--live was given"),
        ({"universe": ()}, "universe is empty"),
    ],
)
async def test_what_a_person_must_mend_stops_the_start_in_one_sentence(changes: dict[str, Any], words: str, tmp_path: Path) -> None:
    with scene.market() as server, pytest.raises(OperatorFault, match=words) as fault:
        await run_daemon(scene.parts(server.url, tmp_path / "state", **changes))
    assert "canary" not in str(fault.value)


async def test_a_broker_that_does_not_answer_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest_module, "BACKOFF_S", 0.01)
    with pytest.raises(OperatorFault, match="cannot be reached"):
        await run_daemon(scene.parts("http://127.0.0.1:9", tmp_path / "state"))


FAULTS = {
    "data socket closes": [("data_close", 3, {})],
    "data socket is cut": [("data_abort", 3, {})],
    "data socket is mute": [("data_mute", 4, {})],
    "trade updates are lost": [("trade_drop", 40, {})],
    "trade updates come twice": [("trade_duplicate", 40, {})],
    "trade socket closes": [("trade_close", 3, {})],
    "orders are accepted but the answer is a 504": [("http_504_after_accept", 5, {"method": "POST", "path": "/v2/orders"})],
    "orders are answered 429": [("http_429", 5, {"method": "POST", "path": "/v2/orders"})],
    "reads fail": [("http_503_html", 8, {"method": "GET"})],
    "an order's status is new to us": [("unknown_enum", 3, {"where": "trade_update"})],
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_session_with_faults_keeps_every_bar_and_reconciles(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the wire does, all minutes are seen, no order is doubled and the books agree at the end."""
    monkeypatch.setattr(rest_module, "BACKOFF_S", 0.02)
    minutes: list[MinuteClosed] = []
    session = scene.sessions().on(scene.DAY)
    assert session is not None

    def observe(event: Event, commands: Sequence[Command]) -> None:
        if isinstance(event, MinuteClosed):
            minutes.append(event)
            if event.minute_ns == session.open_ns + 60 * 60 * 10**9:
                for fault, count, options in FAULTS[name]:
                    httpx.post(f"{server.url}/sim/faults", json={"name": fault, "count": count, **options}, headers=scene.KEYS.headers())

    with scene.market(venue=scene.PARTIAL_FILLS) as server:
        end_ns = session.open_ns + 90 * 60 * 10**9
        summary = await run_daemon(scene.parts(server.url, tmp_path / "state", observer=observe, stop_at_ns=end_ns))
        orders = list(server.simulator.venue.orders.values())
    assert summary.differences == ()
    lived = [m for m in minutes if m.minute_ns >= session.open_ns]
    assert [m.minute_ns for m in lived] == [session.open_ns + i * 60 * 10**9 for i in range(len(lived))]
    bars = scene.histories()
    for n, symbol in enumerate(scene.SYMBOLS):
        known = set(bars[symbol].minute_ns.tolist())
        assert [m.minute_ns for m in lived if bool(m.present[n]) is not (m.minute_ns in known)] == []
    assert max(Counter(order.client_order_id for order in orders).values()) == 1


async def test_a_silent_feed_is_called_stale_and_fresh_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the stream nor REST brings bars for some minutes."""
    monkeypatch.setattr(rest_module, "BACKOFF_S", 0.001)
    session = scene.sessions().on(scene.DAY)
    assert session is not None
    changes: list[bool] = []

    def observe(event: Event, commands: Sequence[Command]) -> None:
        if isinstance(event, FeedChanged) and event.feed == "bars":
            changes.append(event.stale)
        if isinstance(event, MinuteClosed) and event.minute_ns == session.open_ns + 60 * 60 * 10**9:
            for name, count, options in (("data_mute", 5, {}), ("http_503_html", 120, {"method": "GET", "path": "/v2/stocks/bars"})):
                httpx.post(f"{server.url}/sim/faults", json={"name": name, "count": count, **options}, headers=scene.KEYS.headers())

    with scene.market() as server:
        end_ns = session.open_ns + 80 * 60 * 10**9
        await run_daemon(scene.parts(server.url, tmp_path / "state", observer=observe, stop_at_ns=end_ns, stale_s=60.0))
    assert changes == [True, False]


async def test_the_journal_tells_the_whole_day_again(tmp_path: Path) -> None:
    """Replaying the journal through a new engine gives the engine that was there."""
    session = scene.sessions().on(scene.DAY)
    assert session is not None
    state, last = tmp_path / "state", {}
    with scene.market() as server:
        end_ns = session.open_ns + 60 * 60 * 10**9
        engines: list[Any] = []

        def factory(snapshot: bytes | None) -> Any:
            engines.append(scene.new_engine(snapshot))
            return engines[-1]

        await run_daemon(scene.parts(server.url, state, engine_factory=factory, stop_at_ns=end_ns))
        last["state"] = engines[-1].snapshot()
    journal, again = Journal.open(journal_of(state)), scene.new_engine(None)
    for _, event in journal.events():
        again.handle(event)
    assert again.snapshot() == last["state"]
    await journal.close()


async def test_a_bug_in_any_task_ends_the_daemon_with_that_bug(tmp_path: Path) -> None:
    def buggy(event: Event, commands: Sequence[Command]) -> None:
        if isinstance(event, MinuteClosed):
            raise ZeroDivisionError("a bug")

    said: list[str] = []
    with scene.market() as server, pytest.raises(ZeroDivisionError, match="a bug"):
        await run_daemon(scene.parts(server.url, tmp_path / "state", observer=buggy, report=lambda severity, message: said.append(message)))
    assert any("task pump died" in words for words in said)
