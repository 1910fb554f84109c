"""One fold: learn on what was known, trade what follows, and do the same without skill. A function of its task, wherever it runs."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tradebot.app.backtest import fast_world, run_foreseen, traded
from tradebot.app.learn import learn
from tradebot.app.market import Market, read_market, screened
from tradebot.app.shelf import load
from tradebot.app.walk_forward.folder import FoldResult, write_fold
from tradebot.app.walk_forward.track import DELAYED
from tradebot.app.walk_forward.worlds import late, shuffled, turned
from tradebot.core.features.catalogue import schema_hash
from tradebot.core.forecast.model import Model
from tradebot.learning.dataset import build_dataset
from tradebot.learning.splits.walk_forward import Fold, walk_forward_folds
from tradebot.learning.training import fit_dataset
from tradebot.serving.manifest import read_manifest
from tradebot.serving.model import StoredModel
from tradebot.settings import Settings
from tradebot.sim.outcome import Outcome

Float = npt.NDArray[np.float64]
Nulls = dict[str, tuple[tuple[float, ...], ...]]  # by name, draw and session

DRAWS: Final = 50
_READ: Final[dict[object, Market]] = {}
_WITHOUT_LABELS: Final = ("meta_selector", "regimes", "none", "institutional")  # kinds whose rows are not a Dataset


@dataclass(frozen=True, slots=True)
class Task:
    """`span` are the first and last session of the walk-forward, from which the folds follow; `folder` is the run's."""

    settings: Settings
    bars: Path | None
    span: tuple[dt.date, dt.date]
    number: int
    fidelity: str
    folder: str


def run_fold(task: Task) -> FoldResult:
    """The fold's result, on disk when this returns. The same bytes here, in another process and on another machine."""
    settings = replace(task.settings, models_dir=Path(task.folder) / "models" / f"fold-{task.number:03d}")
    fold = _fold(task)
    market = screened(settings, _market(settings, task.bars), fold.train_sessions[-1].close_ns)  # by nothing that was still to come
    shutil.rmtree(settings.models_dir, ignore_errors=True)  # what a fold that was killed left behind
    model, about = _learned(settings, market, fold)
    nulls: Nulls = {}
    if task.fidelity == "full":
        world = fast_world(settings, market, fold.test_sessions, model, _since_ns(settings, fold))
        outcome = run_foreseen(settings, market, fold.test_sessions, world)
    else:
        outcome, nulls = _fast(settings, market, fold, model)
    result = _result(fold, outcome, nulls, about)
    write_fold(Path(task.folder) / f"fold-{task.number:03d}.json", result)
    return result


def _market(settings: Settings, bars: Path | None) -> Market:
    """Read once in each process: the folds of a run share their bars."""
    key = str(bars or settings.data.folder), settings.universe, settings.entry, settings.feed, settings.macro
    if key not in _READ:
        _READ.clear()
        _READ[key] = read_market(settings, bars)
    return _READ[key]


def _fold(task: Task) -> Fold:
    market = _market(task.settings, task.bars)
    return walk_forward_folds(market.between(*task.span), task.settings.walk_forward)[task.number - 1]


def _learned(settings: Settings, market: Market, fold: Fold) -> tuple[Model | None, dict[str, Any]]:
    """The fold's model as the nightly training would have made it, loaded as the daemon would; None for a profile without one."""
    if settings.model.kind == "none":
        return None, {"kind": "none"}
    folder = learn(settings, market.grid(fold.train_sessions), None, _silent)
    manifest = read_manifest(folder)
    return load(folder), {
        "kind": manifest.kind,
        "label": manifest.label,
        "train_rows": manifest.train.rows,
        "test_rows": manifest.test.rows,
        "metrics": manifest.metrics,
    }


def _fast(settings: Settings, market: Market, fold: Fold, model: Model | None) -> tuple[Outcome, Nulls]:
    """The fold's test sessions, and the same sessions without skill: by the scan wherever it can."""
    seed = settings.model.seed * 1000 + fold.number
    world = fast_world(settings, market, fold.test_sessions, model)
    grid, opinions = world.grid, world.opinions

    def returns(some: Any) -> tuple[float, ...]:
        return _rounded(traded(settings, market, fold.test_sessions, world._replace(opinions=some)).session_returns())

    nulls: Nulls = {
        DELAYED: (returns(late(grid, opinions)),),
        "rotated_predictions": tuple(returns(some) for some in turned(grid, opinions, DRAWS, seed)),
    }
    without_skill = _without_skill(settings, market, fold, seed)
    if without_skill is not None:
        guesses = fast_world(settings, market, fold.test_sessions, without_skill).opinions
        nulls["shuffled_labels"] = tuple(returns(some) for some in turned(grid, guesses, DRAWS, seed + 1))
    return traded(settings, market, fold.test_sessions, world), nulls


def _since_ns(settings: Settings, fold: Fold) -> int | None:
    """A profile that learns while it trades has watched the sessions that others train on."""
    return fold.train_sessions[0].open_ns if settings.model.kind == "none" else None


def _without_skill(settings: Settings, market: Market, fold: Fold, seed: int) -> Model | None:
    """A model of the same kind, trained the same way on labels that were shuffled within their sessions."""
    if settings.model.kind in _WITHOUT_LABELS:
        return None
    dataset = shuffled(build_dataset(market.grid(fold.train_sessions), settings.training, settings.round_trip), seed)
    trained = fit_dataset(dataset, settings.training, settings.round_trip, _silent)
    return StoredModel("shuffled_labels", trained.features, schema_hash(trained.features), trained.artefact, classes=dataset.classes)


def _result(fold: Fold, outcome: Outcome, nulls: Nulls, about: dict[str, Any]) -> FoldResult:
    net, equity = outcome.session_returns(), outcome.session_equity_units()
    before = np.concatenate(([outcome.start_units], equity[:-1])).astype(np.float64)
    edges = np.searchsorted(outcome.minute_ns, [s.open_ns for s in outcome.sessions])
    share = outcome.exposure_units / np.maximum(outcome.equity_units, 1)
    return FoldResult(
        number=fold.number,
        train_first=fold.train_sessions[0].date,
        train_last=fold.train_sessions[-1].date,
        dates=tuple(s.date for s in outcome.sessions),
        kept=len(fold.live_sessions),
        net=_rounded(net),
        gross=_rounded(net + _cost_units(outcome) / before),
        exposure=_rounded(np.add.reduceat(share, edges) / np.diff(np.concatenate((edges, [len(share)])))),
        equity_units=tuple(equity.tolist()),
        nulls=nulls,
        trades=tuple(outcome.trades),
        costs=outcome.costs,
        orders=outcome.orders,
        fills=outcome.fills,
        refusals=outcome.refusals,
        model=about,
    )


def _cost_units(outcome: Outcome) -> Float:
    """What each session's trades paid, (S,), by the session of their entry."""
    opens = np.array([s.open_ns for s in outcome.sessions], np.int64)
    paid = np.zeros(len(opens))
    for trade in outcome.trades:
        paid[max(int(np.searchsorted(opens, trade.entry_ns, side="right")) - 1, 0)] += trade.spread_units + trade.fees_units
    return paid


def _rounded(values: Sequence[float] | Float) -> tuple[float, ...]:
    """To 12 digits: far finer than a unit of money, and the same text on every machine."""
    return tuple(round(float(x), 12) for x in values)


def _silent(line: str) -> None:
    pass
