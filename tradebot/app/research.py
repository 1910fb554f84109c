"""`train` and `backtest`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from tradebot.app.backtest import fast_world, run_full, traded, why_full
from tradebot.app.candidate import register
from tradebot.app.history import fetch
from tradebot.app.kernels import ready_backtest, ready_kernels
from tradebot.app.market import Market, read_market, screened
from tradebot.app.shelf import load, models_of
from tradebot.app.tally import Tally, buy_and_hold_fraction
from tradebot.app.trials import record
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.session import Session
from tradebot.core.domain.units import UNITS_PER_USD
from tradebot.core.engine import Engine
from tradebot.core.forecast.model import Model
from tradebot.learning.alarms.alarm import as_rows
from tradebot.serving.manifest import read_manifest
from tradebot.serving.store import current_model, latest_model
from tradebot.settings import Settings, load_settings, read_environment
from tradebot.sim.benchmarks import benchmarks_of
from tradebot.sim.outcome import Outcome

Progress = Callable[[str, int, int], None]
FIDELITIES: Final = ("fast", "full")


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
    market = read_market(settings, bars)
    last = until or market.traded[-1].date
    sessions = market.between(last - dt.timedelta(days=settings.data.history_days), last)
    if not sessions:
        raise OperatorFault(f"no session of the {settings.data.history_days} days up to {last} has bars to learn from")
    market = screened(settings, market, sessions[-1].close_ns)
    progress(f"features and labels of {len(sessions)} sessions of {len(market.histories)} symbols", 0, 0)
    registered = register(settings, market.grid(sessions), dataset, lambda stage: progress(stage, 0, 0))
    manifest = read_manifest(registered.folder)
    net, unit = registered.verdict.figures.get("candidate_net_per_session"), registered.verdict.figures.get("unit", "")
    trial = record(
        settings, profile, what="train", score=None if net is None else float(net), score_name=f"{unit} a held-out session",
        outcome=manifest.files, note=manifest.model_id, say=lambda line: progress(line, 0, 0),
    )  # fmt: skip
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
        "effective_rows": manifest.effective_rows,
        "left_out": manifest.left_out,
        "metrics": manifest.metrics,
        "gate": registered.verdict.figures,
        "alarms": as_rows(registered.alarms),
        "trial": trial.number,
    }


def backtest(
    profile: str,
    *,
    bars: Path | None,
    first: dt.date | None,
    last: dt.date | None,
    progress: Progress,
    fidelity: str = "full",
    html: Path | None = None,
) -> dict[str, Any]:
    """Past sessions, net of cost, beside buy-and-hold: every event through the engine ("full"), or the compiled scan ("fast").

    What the scan can't do goes to the full simulation, and the note says why. Each call is a row in the ledger of trials. `html` names a
    page that gets the charts. Raises OperatorFault for a profile without a model.
    """
    settings = load_settings(profile, read_environment())
    if fidelity not in FIDELITIES:
        raise OperatorFault(f"--fidelity {fidelity}: it is fast or full")
    root, name = settings.models_dir, models_of(settings)
    folder = current_model(root, name) or latest_model(root, name)
    if folder is None and settings.model.kind != "none":
        raise OperatorFault(f"{settings.profile} has no model yet; make one with: tradebot train --profile {profile}")
    ready_kernels(lambda line: progress(line, 0, 0))
    progress("reading bars", 0, 0)
    market = read_market(settings, bars)
    sessions = market.between(first or dt.date.min, last or dt.date.max)
    if not sessions:
        raise OperatorFault(f"no session from {first} to {last} has bars")
    known = any(len(b) and b.minute_ns[0] < sessions[0].open_ns for b in market.histories.values())
    market = screened(settings, market, sessions[0].open_ns if known else None)
    model = None if folder is None or settings.model.kind == "none" else load(folder)
    tally, instead = Tally(), why_full(settings, sessions) if fidelity == "fast" else ""
    if fidelity == "fast":
        ready_backtest(lambda line: progress(line, 0, 0))
        outcome = traded(settings, market, sessions, fast_world(settings, market, sessions, model))
    else:
        sha256 = model.manifest_sha256 if model is not None else ""
        outcome, _ = run_full(settings, market, sessions, model, progress, sha256, tally.observe)
    trained_to = 0 if model is None or folder is None else read_manifest(folder).test.last_ns
    learned = sum(s.open_ns <= trained_to for s in sessions)
    note = _note(model, learned) + ("" if known or settings.universe.symbols else "; the universe was screened by the tested bars")
    note += f"; the full simulation traded, for {instead}" if instead else ""
    trial = record(
        settings, profile, what="backtest", dates=[s.date for s in outcome.sessions], returns=outcome.session_returns(),
        outcome=[outcome.orders, outcome.cash_units], note=f"{fidelity}, {note}", say=lambda line: progress(line, 0, 0),
    )  # fmt: skip
    if html is not None:
        _write_page(html, settings, market, outcome, fidelity, note)
    return {
        **result(market, outcome),
        **(tally.shares() if fidelity == "full" else {}),
        "in_sample_sessions": learned,
        "note": note,
        "trial": trial.number,
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
    tally = Tally()
    outcome, engine = run_full(settings, market, sessions, model, progress, manifest_sha256, tally.observe)
    return {**result(market, outcome), **tally.shares()}, engine


def result(market: Market, outcome: Outcome) -> dict[str, Any]:
    """What a run came to, money in dollars. P&L is after all cost; buy-and-hold puts all cash in, equal weights."""
    usd, closed = UNITS_PER_USD, [t for t in outcome.trades if not t.is_open]
    held = buy_and_hold_fraction(market.grid(outcome.sessions), outcome.sessions[0].date, outcome.sessions[-1].date)
    costs = outcome.costs
    return {
        "sessions": len(outcome.sessions),
        "decisions": len(outcome.minute_ns) * len(outcome.symbols),
        "orders": outcome.orders,
        "fills": outcome.fills,
        "refusals": outcome.refusals,
        "trades_closed": len(closed),
        "trades_won": sum(t.pnl_units > 0 for t in closed),
        "trades_open": len(outcome.trades) - len(closed),
        "pnl_usd": (outcome.end_units - outcome.start_units) / usd,
        "return_fraction": outcome.return_fraction,
        "gross_usd": costs.gross_units / usd,
        "spread_usd": costs.spread_units / usd,
        "fees_usd": costs.fees_units / usd,
        "impact_usd": costs.impact_units / usd,
        "borrow_usd": costs.borrow_units / usd,
        "buy_and_hold_usd": round(held * outcome.start_units / usd, 2),
        "buy_and_hold_fraction": held,
        "final_cash_usd": outcome.cash_units / usd,
        "positions_left": {t.symbol: t.qty for t in outcome.trades if t.is_open},
    }


def _note(model: Model | None, learned: int) -> str:
    if model is None:
        return "nothing was learned beforehand; what the strategies earned is learned on the way"
    return f"IN SAMPLE: the model has seen {learned} of these sessions" if learned else "out of sample"


def _write_page(path: Path, settings: Settings, market: Market, outcome: Outcome, fidelity: str, note: str) -> None:
    from tradebot.view.report.content import ReportInput
    from tradebot.view.report.write import write_report

    content = ReportInput(
        title=f"{settings.profile}: backtest",
        outcome=outcome,
        benchmarks=benchmarks_of(market.grid(outcome.sessions), outcome.minute_ns, outcome.start_units),
        facts=(("Profile", settings.about or settings.profile), ("Fidelity", fidelity)),
        notes=(note,),
        zero_cost=settings.costs.zero,
    )
    try:
        write_report(path, content)
    except OSError as error:
        raise OperatorFault(f"{path}: the page can't be written ({error.strerror or error})") from error
