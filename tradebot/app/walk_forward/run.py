"""`walk-forward`: plan the folds, run those that are not there yet, join them to one track record, and say what it is worth."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from tradebot.app.backtest import why_full
from tradebot.app.kernels import ready_backtest, ready_kernels
from tradebot.app.market import Market, read_market
from tradebot.app.trials import record
from tradebot.app.walk_forward.fold import Task, run_fold
from tradebot.app.walk_forward.folder import TRACK, FoldResult, RunFolder, write_whole
from tradebot.app.walk_forward.summary import summary
from tradebot.app.walk_forward.track import join
from tradebot.app.walk_forward.workers import run_all
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.session import Session
from tradebot.learning.code_version import code_version
from tradebot.learning.splits.walk_forward import Fold, walk_forward_folds
from tradebot.settings import Settings, as_tree, load_settings, read_environment

Progress = Callable[[str, int, int], None]
FIDELITIES: Final = ("fast", "full")
_PLACES: Final = ("about", "state_dir", "models_dir", "trials_path", "journal", "broker")  # where it runs, not what it trades


def walk(
    profile: str,
    *,
    bars: Path | None,
    first: dt.date | None,
    last: dt.date | None,
    jobs: int,
    cluster: str,
    fidelity: str,
    fresh: bool,
    progress: Progress,
) -> dict[str, Any]:
    """Train, trade what follows, step on; the report of the whole. A run that was stopped goes on with the folds that are missing.

    `jobs` 0 means the cores of this machine. Raises OperatorFault for too little data and for a cluster out of reach.
    """
    settings = load_settings(profile, read_environment())
    if fidelity not in FIDELITIES:
        raise OperatorFault(f"--fidelity {fidelity}: it is fast or full")
    ready_kernels(lambda line: progress(line, 0, 0))
    if fidelity == "fast":
        ready_backtest(lambda line: progress(line, 0, 0))
    progress("reading bars", 0, 0)
    market = read_market(settings, bars)
    sessions = market.between(first or dt.date.min, last or dt.date.max)
    folds = walk_forward_folds(sessions, settings.walk_forward)
    instead = why_full(settings, sessions) if fidelity == "fast" else ""
    if instead:
        progress(f"the full simulation trades, for {instead}", 0, 0)
    folder = RunFolder(settings.walk_forward_dir, _plan(settings, market, sessions, folds, fidelity))
    folder.open()
    if fresh:
        folder.forget()
    results = _run(settings, folder, bars, sessions, folds, fidelity, jobs, cluster, progress)
    track = join(settings, market, folder.run_id, fidelity, results)
    write_whole(folder.path / TRACK, msgspec.json.encode(track))
    trial = record(
        settings,
        profile,
        what="walk_forward",
        dates=track.dates,
        returns=track.net,
        outcome=folder.run_id,
        say=lambda line: progress(line, 0, 0),
    )
    folder.finish()
    said = {"note": f"the full simulation traded, for {instead}"} if instead else {}
    return summary(track, results) | said | {"trial": trial.number, "folder": str(folder.path)}


def _run(
    settings: Settings,
    folder: RunFolder,
    bars: Path | None,
    sessions: tuple[Session, ...],
    folds: tuple[Fold, ...],
    fidelity: str,
    jobs: int,
    cluster: str,
    progress: Progress,
) -> list[FoldResult]:
    """Results in order, those that were there among them."""
    from joblib import cpu_count

    done = {fold.number: result for fold in folds if (result := folder.done(fold.number)) is not None}
    if done:
        progress(f"{len(done)} of {len(folds)} folds are there already", 0, 0)
    span = sessions[0].date, sessions[-1].date
    tasks = [Task(settings, bars, span, fold.number, fidelity, str(folder.path)) for fold in folds if fold.number not in done]
    for result in run_all(run_fold, tasks, jobs=jobs or cpu_count(), cluster=cluster):
        done[result.number] = result
        progress("folds", len(done), len(folds))
    return [done[fold.number] for fold in folds]


def _plan(settings: Settings, market: Market, sessions: tuple[Session, ...], folds: tuple[Fold, ...], fidelity: str) -> dict[str, Any]:
    """Everything that decides what the folds come to."""
    tree = {key: value for key, value in as_tree(settings).items() if key not in _PLACES}
    return {
        "profile": settings.profile,
        "fidelity": fidelity,
        "code": code_version().source_sha256,
        "settings": tree,
        "data": {symbol: _data_sha256(market, symbol, sessions) for symbol in sorted(market.histories)},
        "folds": [
            {
                "number": fold.number,
                "train": [str(fold.train_sessions[0].date), str(fold.train_sessions[-1].date)],
                "test": [str(fold.test_sessions[0].date), str(fold.test_sessions[-1].date)],
                "kept": len(fold.live_sessions),
            }
            for fold in folds
        ],
    }


def _data_sha256(market: Market, symbol: str, sessions: tuple[Session, ...]) -> str:
    bars = market.histories[symbol]
    inside = bars.rows((bars.minute_ns >= sessions[0].open_ns) & (bars.minute_ns < sessions[-1].close_ns))
    digest = hashlib.sha256()
    for column in (inside.minute_ns, inside.open, inside.high, inside.low, inside.close, inside.volume, *inside.tape()):
        digest.update(b"-" if column is None else np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()
