"""`run`: one daemon, put together from the profile, the keys and the current model."""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tradebot.app.alerts import alert_urls, alerter_for
from tradebot.app.alpaca import alpaca_data, settings_and_keys
from tradebot.app.describe import Description, feature_rows
from tradebot.app.history import choose_universe
from tradebot.app.kernels import ready_kernels
from tradebot.app.market import load_macro
from tradebot.app.polygon import polygon_for
from tradebot.app.program import program_id
from tradebot.app.shelf import Shelf
from tradebot.core.config_text import config_text
from tradebot.core.domain.commands import Command
from tradebot.core.domain.events import Event, ModelPromoted
from tradebot.core.domain.session import SessionTable
from tradebot.core.engine import Engine
from tradebot.core.features.catalogue import warm_up_bars
from tradebot.core.opinions.mind import columns_read
from tradebot.core.state import state_from_bytes
from tradebot.settings import Settings, read_environment
from tradebot.shell.broker.endpoints import LIVE_URL, PAPER_URL, Credentials, endpoints
from tradebot.shell.calendar import session_table
from tradebot.shell.daemon import log_report, run_daemon
from tradebot.shell.parts import DaemonParts, ExitSummary, Promotion, Training
from tradebot.shell.pump import Observer
from tradebot.shell.wire_guard import Fuse

FIRST_SESSION = dt.date(2004, 1, 1)  # a simulated market may lie far back
AHEAD = dt.timedelta(days=370)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller may add to a profile: an end, an eye on what happens, and who reports."""

    stop_at_ns: int | None = None
    observer: Observer | None = None
    report: Callable[[str, str], None] | None = None
    started: Callable[[], None] | None = None
    retrain: bool = True


def run(profile: str, *, live: bool, alpaca_url: str = "") -> int:
    """Trade until stopped. 0 when the books agree with the broker's at the end, else 1."""
    import structlog

    from tradebot.shell.logging import configure_logging

    settings, keys = settings_and_keys(profile, alpaca_url)
    polygon = polygon_for(settings)
    urls = alert_urls(settings.alerts, read_environment())
    secrets = (keys.key_id, keys.secret, *(() if polygon is None else (polygon.key.secret,)), *urls.values())
    configure_logging(path=None, secrets=secrets, console=sys.stdout, as_json=not sys.stdout.isatty())
    ready_kernels(structlog.get_logger("tradebot").info)
    with alerter_for(settings, urls, secrets, log_report) as alerts:

        def report(severity: str, message: str) -> None:
            log_report(severity, message)
            alerts.report(severity, message)

        options = Options(observer=alerts.observe, report=report)
        summary = trade(settings, keys, profile, live=live, alpaca_url=alpaca_url, options=options)
    return 1 if summary.differences else 0


def trade(
    settings: Settings, keys: Credentials, profile: str, *, live: bool, alpaca_url: str, options: Options | None = None
) -> ExitSummary:
    """Run one daemon to its end on this thread."""
    return run_loop(run_daemon(daemon_parts(settings, keys, profile, live=live, alpaca_url=alpaca_url, options=options or Options())))


def daemon_parts(settings: Settings, keys: Credentials, profile: str, *, live: bool, alpaca_url: str, options: Options) -> DaemonParts:
    """Everything that one daemon needs. Raises OperatorFault for a missing model, an empty universe, an address that is none."""
    shelf, table = Shelf(settings.models_dir), session_dates()
    model = shelf.current(settings) if settings.model.kind != "none" else None
    where = endpoints(LIVE_URL if live and settings.broker.url == PAPER_URL else settings.broker.url, settings.data.feed)
    description = Description(settings.profile)
    universe = tuple(sorted(choose_universe(settings, alpaca_data(settings, keys))))
    reason = (
        "named by the profile" if settings.universe.symbols else f"the {settings.universe.top} most active by {settings.universe.screen_by}"
    )

    def load(folder: Path) -> tuple[str, str]:
        loaded = shelf.put(folder)
        return loaded.model_id, loaded.manifest_sha256

    def observe(event: Event, commands: Sequence[Command]) -> None:
        description.observe(event, commands)
        if options.observer is not None:
            options.observer(event, commands)

    return DaemonParts(
        engine_factory=engine_factory(settings, table, shelf),
        journal_url=settings.journal_url,
        state_dir=settings.state_dir,
        credentials=keys,
        endpoints=where,
        sessions=table,
        timetable=settings.timetable,
        flatten_before_close_min=settings.exits.flatten_before_close_min,
        universe=universe,
        universe_reason=reason,
        config=config_text(settings.engine),
        program=program_id(),
        symbols_of=_symbols,
        warm_up_bars=warm_up_bars(columns_read(settings.engine, model)),
        promotion=None if model is None else Promotion(model.model_id, model.manifest_sha256, "current version at the start"),
        load_promoted=lambda event: _shelve(shelf, event),
        training=Training(command=train_command(profile, settings, alpaca_url), load=load)
        if options.retrain and model is not None
        else None,
        feed=settings.data.feed,
        sources=settings.feed.sources,
        polygon=polygon_for(settings),
        failover_s=settings.feed.failover_s,
        failback_min=settings.feed.failback_min,
        quotes=settings.feed.quotes,
        macro=None if (macro := load_macro(settings)) is None else macro.on,
        adjustment=settings.data.adjustment,
        poll_s=settings.broker.poll_s,
        reconcile_s=settings.broker.reconcile_s,
        fuse=Fuse(settings.broker.fuse_orders_per_min, settings.broker.fuse_usd_per_min),
        grace_s=settings.feed.grace_s,
        stale_s=settings.feed.stale_s,
        live=live,
        pinned_account=settings.broker.account_number or None,
        stop_at_ns=options.stop_at_ns,
        observer=observe,
        report=options.report,
        describe=description.of,
        features=feature_rows,
        socket_path=settings.socket_path,
        started=options.started,
    )


def session_dates() -> SessionTable:
    """All sessions that a journal may hold."""
    return session_table(FIRST_SESSION, dt.datetime.now(dt.UTC).date() + AHEAD)


def engine_factory(settings: Settings, table: SessionTable, shelf: Shelf) -> Callable[[bytes | None], Engine]:
    """A new engine, or the one of a snapshot with its model on the shelf."""

    def make(snapshot: bytes | None) -> Engine:
        if snapshot is None:
            return Engine(settings.engine, table, shelf)
        model_id = state_from_bytes(snapshot).model_id
        if model_id:
            shelf.fetch(model_id)
        return Engine.restore(settings.engine, table, shelf, snapshot)

    return make


def train_command(profile: str, settings: Settings, alpaca_url: str) -> Callable[[dt.date], Sequence[str]]:
    """The child process that retrains after a session, on fresh history where the profile keeps its store up to date."""

    def command(session: dt.date) -> Sequence[str]:
        words = [sys.executable, "-m", "tradebot", "train", "--profile", profile, "--until", session.isoformat(), "--json"]
        if settings.data.refresh:
            words += ["--fetch", *(["--alpaca", alpaca_url] if alpaca_url else [])]
        return words

    return command


def run_loop(main: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` on uvloop where it is installed."""
    try:
        from uvloop import new_event_loop
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)


def _symbols(engine: Any) -> tuple[str, ...]:
    symbols: tuple[str, ...] = engine.state.symbols
    return symbols


def _shelve(shelf: Shelf, event: ModelPromoted) -> None:
    shelf.fetch(event.model_id)
