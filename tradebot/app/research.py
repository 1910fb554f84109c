"""`train` and `backtest`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tradebot.app.candidate import register
from tradebot.app.history import fetch
from tradebot.app.kernels import ready_kernels
from tradebot.app.market import Market, load_market
from tradebot.app.shelf import load, models_of
from tradebot.app.tally import Tally, buy_and_hold_fraction
from tradebot.core.domain.commands import Command
from tradebot.core.domain.events import Event
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.session import Session
from tradebot.core.domain.units import NS_PER_S, UNITS_PER_USD
from tradebot.core.engine import Engine
from tradebot.core.features.catalogue import warm_up_bars
from tradebot.core.forecast.model import Model
from tradebot.core.opinions.mind import columns_read
from tradebot.learning.alarms.alarm import as_rows
from tradebot.serving.manifest import read_manifest
from tradebot.serving.store import current_model, latest_model
from tradebot.settings import Settings, load_settings, read_environment
from tradebot.shell.feeds.minute_feed import warm_up_from

Progress = Callable[[str, int, int], None]


def _silent(what: str, done: int, total: int) -> None:
    pass


def train(
    profile: str,
    *,
    bars: Path | None,
    progress: Progress,
    until: dt.date | None = None,
    dataset: Path | None = None,
    fetch_first: bool = False,
    alpaca_url: str = "",
) -> dict[str, Any]:
    """Train on the `history_days` up to and including `until`, save a version, and make it the one that trades if the gate lets it pass.

    `dataset` names a folder that gets the rows as CSV and Parquet; `fetch_first` brings the store up to date. The report carries the
    version's folder, rows and metrics, the leak alarms, and whether it was promoted and why.
    """
    settings = load_settings(profile, read_environment())
    if settings.model.kind == "none":
        raise OperatorFault(f'{profile} learns while it trades (model.kind = "none"): there is nothing to train')
    if fetch_first:
        fetch(profile, symbols=(), first=None, last=until, progress=progress, alpaca_url=alpaca_url)
    ready_kernels(lambda line: progress(line, 0, 0))
    progress("reading bars", 0, 0)
    market = load_market(settings, bars)
    last = until or market.traded[-1].date
    sessions = market.between(last - dt.timedelta(days=settings.data.history_days), last)
    if not sessions:
        raise OperatorFault(f"no session of the {settings.data.history_days} days up to {last} has bars to learn from")
    progress(f"features and labels of {len(sessions)} sessions of {len(market.histories)} symbols", 0, 0)
    registered = register(settings, market.grid(sessions), dataset, lambda stage: progress(stage, 0, 0))
    manifest = read_manifest(registered.folder)
    return {
        "model_id": manifest.model_id,
        "folder": str(registered.folder),
        "promoted": registered.verdict.promote,
        "reason": registered.verdict.reason,
        "kind": manifest.kind,
        "label": manifest.label,
        "features": len(manifest.features),
        "classes": list(manifest.classes),
        "train_rows": manifest.train.rows,
        "test_rows": manifest.test.rows,
        "metrics": manifest.metrics,
        "gate": registered.verdict.figures,
        "alarms": as_rows(registered.alarms),
    }


def backtest(profile: str, *, bars: Path | None, first: dt.date | None, last: dt.date | None, progress: Progress) -> dict[str, Any]:
    """Every event of past sessions through the engine, against the simulated venue, net of cost, beside buy-and-hold."""
    settings = load_settings(profile, read_environment())
    root, name = settings.models_dir, models_of(settings)
    folder = current_model(root, name) or latest_model(root, name)
    if folder is None and settings.model.kind != "none":
        raise OperatorFault(f"{settings.profile} has no model yet; make one with: tradebot train --profile {profile}")
    ready_kernels(lambda line: progress(line, 0, 0))
    progress("reading bars", 0, 0)
    market = load_market(settings, bars)
    sessions = market.between(first or dt.date.min, last or dt.date.max)
    if not sessions:
        raise OperatorFault(f"no session from {first} to {last} has bars")
    if folder is None or settings.model.kind == "none":
        report, _ = simulate(settings, market, sessions, None, progress)
        return {
            **report,
            "in_sample_sessions": 0,
            "note": "nothing was learned beforehand; what the strategies earned is learned on the way",
        }
    model, trained_to = load(folder), read_manifest(folder).test.last_ns
    report, _ = simulate(settings, market, sessions, model, progress, model.manifest_sha256)
    learned = [s.date for s in sessions if s.open_ns <= trained_to]
    return {
        **report,
        "in_sample_sessions": len(learned),
        "note": f"IN SAMPLE: the model has seen {len(learned)} of these sessions" if learned else "out of sample",
    }


def simulate(
    settings: Settings,
    market: Market,
    sessions: Sequence[Session],
    model: Model | None,
    progress: Progress = _silent,
    manifest_sha256: str = "",
) -> tuple[dict[str, Any], Engine]:
    """One in-process run over `sessions` with any model, or none where the profile needs none: the report and the engine as it ended."""
    from tradebot.sim.driver import Simulation
    from tradebot.sim.venue import Venue

    tally, start_ns = Tally(), rebalance_start_ns(sessions[0])
    warm_from_ns = warm_up_from(market.table, start_ns, warm_up_bars(columns_read(settings.engine, model)))
    grid = market.grid(market.since(warm_from_ns, sessions))
    venue = Venue(market.histories, market.table, start_ns, settings.venue)
    engine = Engine(settings.engine, market.table, {model.model_id: model} if model is not None else {})
    total = sum(s.minutes for s in sessions)

    def observe(event: Event, commands: Sequence[Command]) -> None:
        tally.observe(event, commands)
        if tally.minutes % 390 == 0:
            progress("trading", tally.minutes, total)

    simulation = Simulation(engine, venue, grid, settings.timetable, settings.feed.grace_s, observe, warm_from_ns=warm_from_ns)
    simulation.run(model.model_id if model is not None else "", manifest_sha256)
    progress("trading", total, total)
    return summary(
        tally, engine, settings.venue.cash_usd, grid_hold=buy_and_hold_fraction(grid, sessions[0].date, sessions[-1].date)
    ), engine


def summary(tally: Tally, engine: Engine, cash_usd: float, grid_hold: float) -> dict[str, Any]:
    """What a run came to, money in dollars. P&L is after spread and fees; buy-and-hold puts all cash in, equal weights."""
    equity_usd = engine.state.equity_units() / UNITS_PER_USD
    return {
        **tally.report(),
        "pnl_usd": round(equity_usd - cash_usd, 4),
        "return_fraction": equity_usd / cash_usd - 1.0,
        "buy_and_hold_usd": round(grid_hold * cash_usd, 2),
        "buy_and_hold_fraction": grid_hold,
        "final_cash_usd": engine.state.book.cash_units / UNITS_PER_USD,
        "positions_left": {s: p.qty for s, p in engine.state.book.positions.items() if p.qty},
    }


def rebalance_start_ns(session: Session) -> int:
    """Six hours before the open: before the 04:00 rebalance of the session, after the close of the one before."""
    return session.open_ns - 6 * 3600 * NS_PER_S
