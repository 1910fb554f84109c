"""One world: a market of some days, a broker, a disk, a clock, and the lives of one daemon in it, all of one seed."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import signal
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from scripts.simulation.children import WorldChildren
from scripts.simulation.clock import VirtualClock, Wall
from scripts.simulation.disk import Disk
from scripts.simulation.http import Broker, WireRest
from scripts.simulation.knobs import Knobs, draw_knobs, engine_config
from scripts.simulation.loop import NS_PER_S, Killed, Stalled, VirtualLoop
from scripts.simulation.market import SYMBOLS, make_market
from scripts.simulation.models import FIRST, SHELF
from scripts.simulation.sockets import Sockets
from scripts.simulation.timeline import Timeline
from scripts.simulation.weather import Weather
from tradebot.core.config_text import config_text
from tradebot.core.domain.commands import Command
from tradebot.core.domain.events import Event
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.timetable import TimetableConfig
from tradebot.core.engine import Engine
from tradebot.core.features.catalogue import warm_up_bars
from tradebot.shell.broker.endpoints import Credentials, endpoints
from tradebot.shell.crash_points import arm
from tradebot.shell.daemon import run_daemon
from tradebot.shell.outside import Outside
from tradebot.shell.parts import DaemonParts, ExitSummary, Promotion, Training
from tradebot.sim.alpaca_server.state import Simulator
from tradebot.sim.venue_config import VenueConfig

BUGS: Final = (
    ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError, Stalled, sqlite3.Error,
)  # fmt: skip
KEYS: Final = Credentials("PKSIM", "simulated-secret-7c1d")
URL: Final = "http://127.0.0.1:1"
START_BEFORE_OPEN_NS: Final = 335 * 60 * NS_PER_S  # 03:55 in New York
END_AFTER_CLOSE_NS: Final = 6 * 3_600 * NS_PER_S  # after the evening's training
RESTART_NS: Final = 5 * NS_PER_S  # systemd's RestartSec
RESTARTS_FAST_MAX: Final = 5  # then a person comes, after PERSON_NS
PERSON_NS: Final = 120 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Death:
    """How a life ended: `killed`, `stopped`, `fault` (a sentence for the operator), or `bug`."""

    how: str
    words: str
    ts_ns: int
    error: BaseException | None = None


Observe = Callable[[Event, Sequence[Command]], None]


class World:
    """`observe` follows every event that the daemon's engine handles; `reported` what it tells its operator."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.seed = seed
        self.chance = random.Random(f"world {seed}")
        random.seed(f"daemon {seed}")  # what the daemon draws: its pauses
        self.market = market = make_market(seed)
        self.knobs: Knobs = draw_knobs(self.chance)
        self.config = engine_config(self.knobs)
        first = market.sessions[0]
        self.start_ns = first.open_ns - START_BEFORE_OPEN_NS
        venue = VenueConfig(
            cash_usd=self.knobs.cash_usd,
            latency_ms=self.knobs.venue_ms,
            partial_fill_probability=self.knobs.partial_fills,
            seed=seed,
        )
        self.simulator = Simulator(market.histories, market.table, self.start_ns, 0.0, venue, KEYS.key_id, KEYS.secret)
        self._market_ns: int | None = None
        self._is_market_known = False
        self.timeline = Timeline(self.start_ns, self._market_next, self._move_market)
        self.broker = Broker(self.simulator, self.catch_up)
        self.weather = Weather(random.Random(f"weather {seed}"), self.knobs.far_ms)
        self.sockets = Sockets(self.simulator, self.timeline, self.weather)
        self.wall = Wall(self.timeline)
        self.children = WorldChildren(self.timeline, random.Random(f"children {seed}"), ("cents-41", "cents-29"))
        self.disk = Disk(self.timeline, random.Random(f"disk {seed}"), folder / f"{seed}.db")
        self.folder = folder
        self.model = FIRST  # the current version of the daemon's registry
        self.loop: VirtualLoop | None = None
        self.engine: Engine | None = None
        self.deaths: list[Death] = []
        self.restart_ns = RESTART_NS
        self.is_locked = False
        self.observe: Observe = lambda event, commands: None
        self.reported: Callable[[str, str], None] = lambda severity, words: None
        self.met: Callable[[Any], None] = lambda tell: None
        self.market_moved: Callable[[], None] = lambda: None
        self.is_over = False
        self.died: Callable[[Death], None] = lambda death: None
        self.changes: dict[str, Any] = {}  # of the next lives' parts

    @property
    def now_ns(self) -> int:
        return self.timeline.now_ns

    def catch_up(self) -> None:
        """Bring the market to the present, before anybody lays hands on it."""
        self._is_market_known = False
        if self.simulator.now_ns < self.timeline.now_ns:
            self._move_market(self.timeline.now_ns)

    def _market_next(self) -> int | None:
        if not self._is_market_known:
            self._market_ns, self._is_market_known = self.simulator.next_instant(), True
        return self._market_ns

    def _move_market(self, until_ns: int) -> None:
        self._is_market_known = False
        self.simulator.run_to(until_ns)
        self.market_moved()

    # ---- lives

    def live(self, until_ns: int) -> None:
        """One life after the other until an instant; the last one is stopped there as systemd stops it."""
        self.timeline.at(until_ns, self._end)
        while not self.is_over:
            death = self._life()
            self.deaths.append(death)
            self.died(death)
            if death.how == "bug":
                self.is_over = True
            if not self.is_over:
                self._pass(self.now_ns + self._pause_ns())

    def _end(self) -> None:
        self.is_over = True
        if self.loop is not None:
            self.loop.signal(signal.SIGTERM)

    def _pause_ns(self) -> int:
        recent = [d for d in self.deaths[-RESTARTS_FAST_MAX:] if d.how == "fault" and self.now_ns - d.ts_ns < PERSON_NS]
        return PERSON_NS if len(recent) == RESTARTS_FAST_MAX else self.restart_ns

    def _pass(self, until_ns: int) -> None:
        """The world goes on while no daemon runs."""
        while not self.is_over and (next_ns := self.timeline.next_ns()) is not None and next_ns <= until_ns:
            self.timeline.step()
        if not self.is_over:
            self.timeline.pass_to(until_ns)

    def _life(self) -> Death:
        self.loop = loop = VirtualLoop(self.timeline, self.children)
        self.is_locked = False
        how, words, failure = "stopped", "", None
        try:
            summary: ExitSummary | None = loop.run(run_daemon(self._parts()))
            if summary is None:
                how = "killed"
            else:
                words = summary.reason
        except Killed:
            how = "killed"
        except OperatorFault as fault:
            how, words, failure = "fault", str(fault), fault
        except BUGS as error:
            how, words, failure = "bug", f"{type(error).__name__}: {error}", error
        finally:
            arm("")
            self.loop = None
            self.disk.crash()
            self.sockets.drop_all()
            loop.bury()
        return Death(how, words, self.now_ns, failure)

    def abandon(self) -> None:
        """Nothing of this world matters any more."""
        self.is_over = True
        if self.loop is not None:
            self.loop.kill()

    def kill(self) -> None:
        """SIGKILL, now."""
        if self.loop is not None:
            self.loop.kill()

    def kill_here(self) -> NoReturn:
        """SIGKILL at a crash point: the line after it never runs."""
        self.kill()
        raise Killed

    def _parts(self) -> DaemonParts:
        parts = DaemonParts(
            engine_factory=self._engine_of,
            journal_url=self.disk.url,
            state_dir=self.folder,
            credentials=KEYS,
            endpoints=endpoints(URL),
            sessions=self.market.table,
            timetable=TimetableConfig(),
            flatten_before_close_min=self.config.exits.flatten_before_close_min,
            config=config_text(self.config),
            program="simulated",
            universe=SYMBOLS,
            warm_up_bars=warm_up_bars(SHELF[FIRST].features),
            promotion=Promotion(self.model, "0" * 64, "simulated"),
            training=Training(command=_train, load=self._load),
            poll_s=self.knobs.poll_s,
            reconcile_s=self.knobs.reconcile_s,
            grace_s=self.knobs.grace_s,
            observer=self.observe,
            report=self.reported,
            outside=Outside(
                lock=lambda folder: _Lock(self),
                journal=self.disk.open,
                rest=lambda url, keys: WireRest(url, keys, self.broker, self.timeline, self.weather),
                clock=lambda fact, answer_ns, rest, quiet, tally, report: VirtualClock(self.wall, asyncio.get_running_loop(), report),
                connect=self.sockets.connect,
                settle_memory=lambda: None,
                meet_person=self.met,
            ),
        )
        return parts

    def _load(self, folder: Path) -> tuple[str, str]:
        if folder.name not in SHELF:
            raise OperatorFault(f"{folder.name}: a file of the model is not as its manifest says")
        self.model = folder.name
        return folder.name, "0" * 64

    def _engine_of(self, snapshot: bytes | None) -> Engine:
        self.engine = self.make_engine(snapshot)
        return self.engine

    def make_engine(self, snapshot: bytes | None) -> Engine:
        if snapshot is None:
            return Engine(self.config, self.market.table, SHELF)
        return Engine.restore(self.config, self.market.table, SHELF, snapshot)


class _Lock:
    """The state folder's lock: the kernel drops it with the process."""

    def __init__(self, world: World) -> None:
        if world.is_locked:
            raise OperatorFault("another tradebot runs on the state folder")
        world.is_locked = True
        self._world = world

    def release(self) -> None:
        self._world.is_locked = False


def _train(session: dt.date) -> Sequence[str]:
    return ("train", session.isoformat())
