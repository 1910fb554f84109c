"""Minute close -> order handed to the HTTP client: engine, durable journal on SQLite with full sync, dispatch and broker, all real.

Only the network is left out: the httpx transport notes the time at which it gets the request's bytes and answers at once. Every
measured minute has orders (one for one symbol; of a hundred about half pass the filter and the most confident ten are sent); the answer
says that they were cancelled, so that the next minute can order again.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np

from scripts.benchmarks.measure import Figure, percentile
from tradebot.core.config import EngineConfig
from tradebot.core.domain.commands import Command
from tradebot.core.domain.events import AccountReconciled, Event, MinuteClosed, ModelPromoted, OrderReported, UniverseSelected
from tradebot.core.domain.session import Session, SessionTable
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.engine import Engine
from tradebot.core.execution.exits import ExitsConfig
from tradebot.core.features.catalogue import schema_hash
from tradebot.core.features.sets import feature_names
from tradebot.core.portfolio.sizing import SizingConfig
from tradebot.core.risk.limits import LimitsConfig
from tradebot.core.selection.entry import EntryConfig
from tradebot.learning.config import TrainingConfig
from tradebot.learning.trainers import random_forest
from tradebot.learning.trainers.trainer import Rows
from tradebot.serving.model import StoredModel
from tradebot.shell.broker.alpaca import AlpacaBroker
from tradebot.shell.broker.endpoints import Credentials
from tradebot.shell.broker.rest import Rest
from tradebot.shell.dispatch import Dispatch
from tradebot.shell.inbox import Inbox
from tradebot.shell.pump import Pump
from tradebot.shell.quiet import Quiet
from tradebot.shell.store.journal import Journal
from tradebot.shell.wire_guard import Fuse, WireGuard

WARM_MINUTES, MEASURED_MINUTES = 400, 1500
DAY_NS = 86_400 * 10**9
OPEN_NS = 1_381_152_600 * 10**9  # 2013-10-07 09:30 New York

CANCELED = {
    "type": "market", "order_type": "market", "status": "canceled", "filled_qty": "0", "filled_avg_price": None, "limit_price": None,
    "stop_price": None, "legs": None, "created_at": "2013-10-07T14:00:00Z", "updated_at": "2013-10-07T14:00:00Z",
    "submitted_at": "2013-10-07T14:00:00Z", "time_in_force": "day", "extended_hours": False, "order_class": "simple",
}  # fmt: skip


@dataclass
class Stopwatch(httpx.AsyncBaseTransport):
    """The wire's place: takes a request, notes when, and says that the order was accepted and then cancelled."""

    handed_ns: list[int] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.handed_ns.append(time.perf_counter_ns())
        sent = json.loads(request.content)
        order = (
            CANCELED | {key: sent[key] for key in ("client_order_id", "symbol", "qty", "side")} | {"id": f"id-{sent['client_order_id']}"}
        )
        return httpx.Response(200, json=order)


def model() -> StoredModel:
    """A forest of 200 trees of depth 8 on noise: what it says does not matter, what it costs does."""
    rng = np.random.default_rng(7)
    names = feature_names("both")
    rows = rng.normal(size=(8_000, len(names)))
    label = (rng.random(8_000) < 0.5).astype(np.float64)
    whole = np.arange(len(rows))
    train = Rows(rows, label, np.ones(len(rows)), whole, whole, whole)
    fitted = random_forest.fit(train, train.where(whole[:0]), TrainingConfig(trees=200, depth=8), lambda _: None)
    return StoredModel("bench", names, schema_hash(names), fitted.artefact, "")


def engine(symbols: int, served: StoredModel) -> Engine:
    days = [OPEN_NS + d * DAY_NS for d in range(5)]
    table = SessionTable(tuple(Session(dt.date(2013, 10, 7 + d), open_ns, open_ns + 390 * NS_PER_MINUTE) for d, open_ns in enumerate(days)))
    config = EngineConfig(
        profile="bench",
        entry=EntryConfig(confidence_min=0.5 if symbols > 1 else 0.01, price_usd_min=0, price_usd_max=0),
        sizing=SizingConfig(equity_fraction=0.01, max_shares=5),
        exits=ExitsConfig(stop_fraction=0.02, target_fraction=0.04, flatten_before_close_min=5),
        limits=LimitsConfig(positions_max=10, order_usd_max=50_000, daily_loss_fraction_max=0.02),
    )
    made = Engine(config, table, {served.model_id: served})
    names = tuple(f"S{n:03d}" for n in range(symbols))
    made.handle(AccountReconciled(ts_event_ns=OPEN_NS, account_number="PA", cash_units=10**9, positions=()))
    made.handle(UniverseSelected(ts_event_ns=OPEN_NS, symbols=names, reason="bench"))
    made.handle(ModelPromoted(ts_event_ns=OPEN_NS, model_id=served.model_id, manifest_sha256="", reason="bench"))
    return made


def minutes(symbols: int, count: int) -> list[MinuteClosed]:
    """Random walks over the tradable minutes of successive sessions."""
    rng = np.random.default_rng(11)
    names = tuple(f"S{n:03d}" for n in range(symbols))
    price, made = np.full(symbols, 100.0), []
    while len(made) < count:
        day, i = divmod(len(made), 380)
        start = OPEN_NS + day * DAY_NS + i * NS_PER_MINUTE
        price = price * np.exp(rng.normal(0, 0.001, symbols))
        close = (price * 10_000).astype(np.int64)
        made.append(
            MinuteClosed(
                ts_event_ns=start + NS_PER_MINUTE, minute_ns=start, symbols=names, open=close, high=close + 5, low=close - 5, close=close,
                volume=rng.integers(100, 1_000, symbols), present=np.ones(symbols, np.bool_),
            )
        )  # fmt: skip
    return made


async def latencies_ms(symbols: int, served: StoredModel, folder: Path) -> list[float]:
    """First order of each minute, from the event's arrival in the inbox to its bytes in the transport."""
    quiet, watch = Quiet(), Stopwatch()
    inbox, journal = Inbox(quiet), Journal.open(f"sqlite:///{folder / f'journal{symbols}.sqlite3'}")
    rest = Rest("http://127.0.0.1:9", Credentials("k", "s"), transport=watch)
    failures: list[BaseException] = []
    dispatch = Dispatch(
        AlpacaBroker(rest, lambda: 0), inbox, quiet, lambda _: None, lambda _: None, failures.append,
        WireGuard(Fuse(1_000_000, 1e12), lambda: 0), lambda: None, lambda: 0,
    )  # fmt: skip
    made = engine(symbols, served)

    def forget(event: Event, commands: Sequence[Command]) -> None:
        if isinstance(event, OrderReported):
            made.state.book.forget_finished()

    pump = Pump(made, inbox, journal, dispatch, (forget,))
    task = asyncio.create_task(pump.run())
    gc.collect()
    gc.freeze()  # as the daemon does once it trades
    samples = []
    for i, minute in enumerate(minutes(symbols, WARM_MINUTES + MEASURED_MINUTES)):
        handed = len(watch.handed_ns)
        began_ns = time.perf_counter_ns()
        inbox.put(minute)
        settled = asyncio.ensure_future(quiet.idle())
        await asyncio.wait((settled, task), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        if len(watch.handed_ns) > handed and i >= WARM_MINUTES:
            samples.append((watch.handed_ns[handed] - began_ns) / 1e6)
        await journal.flush()  # in life a minute passes, and the journal's idle work (decisions, predictions) is long done
    gc.unfreeze()
    task.cancel()
    await journal.close()
    if failures:
        raise failures[0]
    return samples


def bare_commits_ms(folder: Path) -> list[float]:
    """What one small transaction costs on this disk with full sync, SQLite alone: the floor under every durable order."""
    samples = []
    with closing(sqlite3.connect(folder / "bare.sqlite3")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE t (body BLOB)")
        for _ in range(MEASURED_MINUTES):
            began_ns = time.perf_counter_ns()
            connection.execute("INSERT INTO t VALUES (?)", (b"x" * 600,))
            connection.commit()
            samples.append((time.perf_counter_ns() - began_ns) / 1e6)
    return samples


def fixed_piece_ms() -> list[float]:
    """A fixed piece of pure Python between pauses of 2 ms: what this machine's own noise does to any work of that size."""
    samples = []
    for _ in range(MEASURED_MINUTES):
        time.sleep(0.002)
        began_ns, total = time.perf_counter_ns(), 0
        for i in range(9_000):
            total += i * i
        samples.append((time.perf_counter_ns() - began_ns) / 1e6)
    return samples


@contextmanager
def awake() -> Iterator[None]:
    """A neighbour of the lowest priority keeps the processor from dozing off between minutes: a core that wakes is slow for a while."""
    spinner = subprocess.Popen([sys.executable, "-c", "import os; os.nice(19)\nwhile True: pass"])
    try:
        time.sleep(0.5)
        yield
    finally:
        spinner.kill()
        spinner.wait()


def measure() -> list[Figure]:
    served, figures = model(), []
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    for symbols, bar in ((1, 1.0), (100, 5.0)):
        figures.append(_figure(served, symbols, None, bar, "dozing"))
        with awake():
            figures.append(_figure(served, symbols, None, bar, "awake"))
            if memory:
                figures.append(_figure(served, symbols, memory, bar, "awake"))
    figures.append(_fixed_piece("dozing"))
    with awake():
        figures.append(_fixed_piece("awake"))
    return figures


def _figure(served: StoredModel, symbols: int, root: str | None, bar: float, processor: str) -> Figure:
    import uvloop

    with tempfile.TemporaryDirectory(dir=root) as folder:
        bare = bare_commits_ms(Path(folder))
        samples = uvloop.run(latencies_ms(symbols, served, Path(folder)))
    place = "in memory" if root else "on disk"
    floor = f"bare commit p50 {percentile(bare, 50):.2f} p99 {percentile(bare, 99):.2f}"
    note = f"p50 {percentile(samples, 50):.2f} p90 {percentile(samples, 90):.2f}; {floor}"
    return Figure(f"close -> order, {symbols} sym., journal {place}, CPU {processor}, p99", percentile(samples, 99), "ms", bar, note)


def _fixed_piece(processor: str) -> Figure:
    piece = fixed_piece_ms()
    return Figure(
        f"a fixed piece of Python between pauses, CPU {processor}, p99",
        percentile(piece, 99),
        "ms",
        None,
        f"p50 {percentile(piece, 50):.2f}",
    )
