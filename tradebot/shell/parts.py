"""What the composition root hands to the daemon, and what the daemon hands back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tradebot.core.domain.bars import Float
from tradebot.core.domain.events import ModelPromoted, PositionFact
from tradebot.core.domain.session import SessionTable
from tradebot.core.domain.timetable import TimetableConfig
from tradebot.shell.broker.endpoints import Credentials, Endpoints
from tradebot.shell.clock import Report
from tradebot.shell.engine_seam import EngineLike
from tradebot.shell.feeds.polygon_host import PolygonHost
from tradebot.shell.outside import REAL, Outside
from tradebot.shell.pump import Observer
from tradebot.shell.store.recovery import EngineFactory
from tradebot.shell.wire_guard import FUSE, Fuse


@dataclass(frozen=True, slots=True)
class Promotion:
    """A model on the engine's shelf that shall decide."""

    model_id: str
    manifest_sha256: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """`command` gives the child's arguments for a session; `load` verifies and shelves a model, returns (model id, manifest hash)."""

    command: Callable[[dt.date], Sequence[str]]
    load: Callable[[Path], tuple[str, str]]


def _nothing(_engine: EngineLike) -> Mapping[str, Any]:
    return {}


def _no_rows(_engine: EngineLike) -> Sequence[Mapping[str, Any]]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonParts:
    """Everything one daemon needs. Times in seconds of the market's clock unless named otherwise."""

    engine_factory: EngineFactory  # snapshot bytes or None -> engine
    journal_url: str
    state_dir: Path
    credentials: Credentials
    endpoints: Endpoints
    sessions: SessionTable
    timetable: TimetableConfig
    flatten_before_close_min: int
    universe: tuple[str, ...]
    warm_up_bars: int
    universe_reason: str = "profile"
    config: str = ""  # what the engine decides by (core/config_text.py), for the journal; "": nothing is recorded
    program: str = ""  # the code that decides
    symbols_of: Callable[[EngineLike], tuple[str, ...]] | None = None  # the engine's own columns; None: the universe
    promotion: Promotion | None = None
    load_promoted: Callable[[ModelPromoted], None] | None = None  # shelve the model of a replayed promotion
    training: Training | None = None
    feed: str = "iex"  # Alpaca's
    sources: tuple[str, ...] = ("alpaca",)  # of bars, in order of preference
    polygon: PolygonHost | None = None  # must be there where `sources` names it
    failover_s: float = 20.0
    failback_min: int = 10
    quotes: bool = False  # whether minutes carry the quotes that stood at their start
    macro: Callable[[dt.date], Float] | None = None  # a session's row (3,) of domain/bars.py MACRO; raises OperatorFault
    adjustment: str = "raw"
    poll_s: float = 5.0
    reconcile_s: float = 0.0  # between two comparisons of the books while a session is open; 0: only at its ends
    fuse: Fuse = FUSE  # of the guard before the wire
    grace_s: float = 2.0
    stale_s: float = 120.0
    live: bool = False
    pinned_account: str | None = None
    stop_at_ns: int | None = None
    observer: Observer | None = None
    report: Report | None = None  # None: structlog
    describe: Callable[[EngineLike], Mapping[str, Any]] = _nothing  # keys status, positions, orders, decisions
    features: Callable[[EngineLike], Sequence[Mapping[str, Any]]] = _no_rows  # the newest row of each symbol
    socket_path: Path | None = None  # None: no control socket
    started: Callable[[], None] | None = None  # called once the daemon trades
    outside: Outside = REAL


@dataclass(frozen=True, slots=True)
class ExitSummary:
    """How a daemon ended. `differences` are what the engine found between its books and the broker's at the end."""

    reason: str
    events: int
    last_minute_ns: int
    now_ns: int
    account_number: str
    cash_units: int
    equity_units: int
    positions: tuple[PositionFact, ...]
    differences: tuple[str, ...]
