"""What a search is asked about a profile: its training's rows, and what its scores depend on."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tradebot.app.learn import selector_config, selector_rows
from tradebot.app.market import load_market
from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.sets import feature_names
from tradebot.learning.alarms.case import Predict
from tradebot.learning.dataset import build_dataset
from tradebot.learning.fitting import fit_rows, refuse
from tradebot.learning.search.space import Value, space_of, turned, value_in
from tradebot.learning.search.task import Task
from tradebot.learning.selector.forest import fit
from tradebot.learning.trainers.trainer import Rows
from tradebot.learning.training import TRAINERS, rows_of
from tradebot.serving.forest import Evaluator
from tradebot.settings import Settings


@dataclass(frozen=True, slots=True)
class Question:
    """All rows of a profile's training, what tells them from other rows, and what the profile itself says."""

    task: Task
    identity: dict[str, Any]
    sessions: tuple[dt.date, ...]


def training_grid(settings: Settings, bars: Path | None, until: dt.date | None) -> MarketGrid:
    """What a training of this day would learn from."""
    market = load_market(settings, bars)
    last = until or market.traded[-1].date
    sessions = market.between(last - dt.timedelta(days=settings.data.history_days), last)
    if not sessions:
        raise OperatorFault(f"no session of the {settings.data.history_days} days up to {last} has bars to learn from")
    return market.grid(sessions)


def question_of(settings: Settings, grid: MarketGrid, say: Callable[[str], None]) -> Question:
    """Raises OperatorFault for rows that can't be learned from."""
    say(f"features and labels of {len(grid.sessions)} sessions of {len(grid.symbols)} symbols")
    if settings.model.kind == "meta_selector":
        return _of_selector(settings, grid)
    config = settings.training
    data = build_dataset(grid, config, settings.round_trip)
    refuse(rows_of(data, np.ones(len(data), np.bool_)), data, config)

    def learn(values: Mapping[str, Value], rows: Rows) -> Predict:
        return fit_rows(TRAINERS[config.kind], rows, turned(config, values), _silent).artefact.predictor()

    task = Task(rows_of(data, np.ones(len(data), np.bool_)), data.end_ns, data.net_long, data.answer, learn)
    about = {"label": data.label_name, "label_parameters": data.label_parameters, "features": list(data.features)}
    return Question(task, _about(settings) | about, grid.dates())


def _of_selector(settings: Settings, grid: MarketGrid) -> Question:
    config = selector_config(settings)
    data = selector_rows(settings, grid, feature_names(settings.model.features))

    def learn(values: Mapping[str, Value], rows: Rows) -> Predict:
        forest, _ = fit(rows.values, rows.target.astype(np.int64), len(data.classes), turned(config, values))
        return Evaluator(forest)

    rows = Rows(
        data.rows, data.label.astype(np.float64), np.ones(len(data)), data.minute_ns, data.session_of, data.symbol_of,
        data.end_ns, None, len(data.classes),
    )  # fmt: skip
    about = {"label": "best_net_strategy_next_hour", "classes": list(data.classes), "features": list(data.features)}
    return Question(Task(rows, data.end_ns, data.net, "classes", learn), _about(settings) | about, grid.dates())


def _about(settings: Settings) -> dict[str, Any]:
    """What the scores depend on besides the rows and the knobs: not how many cores there are, nor which."""
    knobs = {knob.key for knob in space_of(settings.model.kind, lambda key: value_in(settings.model, key))}
    model = {key: value for key, value in asdict(settings.model).items() if key not in knobs | {"jobs", "device", "network"}}
    network = {key: value for key, value in asdict(settings.model.network).items() if f"network.{key}" not in knobs}
    return {"model": _plain(model), "network": network}


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


def rows_identity(task: Task) -> dict[str, str]:
    """A hash of the rows that are searched."""
    digest = hashlib.sha256()
    for column in (task.rows.values, task.rows.target, task.rows.weight, task.rows.minute_ns, task.end_ns):
        digest.update(np.ascontiguousarray(column).tobytes())
    return {"rows": digest.hexdigest()}


def _silent(_: str) -> None:
    pass
