"""What `check lookahead` watches of a profile: each thing that it reads, thinks or does, as a track over a market."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tradebot.app.backtest import rebalance_start_ns
from tradebot.app.market import Market
from tradebot.core.domain.bars import Float, MarketGrid
from tradebot.core.domain.commands import Command, RecordDecision
from tradebot.core.domain.decision import Decision
from tradebot.core.domain.events import Event
from tradebot.core.domain.session import Session
from tradebot.core.engine import Engine
from tradebot.core.features.catalogue import finite_rows, scan_features, warm_up_bars
from tradebot.core.forecast.model import Model
from tradebot.core.opinions.mind import Mind
from tradebot.core.opinions.playbook import Playbook
from tradebot.core.strategies.catalogue import evaluate, inputs_of, optional_inputs_of, strategy_by_name
from tradebot.core.strategies.strategy import Strategy
from tradebot.learning.lookahead.track import Track
from tradebot.settings import Settings
from tradebot.shell.feeds.warm_up import warm_up_from


@dataclass(frozen=True, slots=True)
class Subject:
    """A profile with the model that trades, if there is one, strategies beside its own, and the sessions whose minutes are judged."""

    settings: Settings
    model: Model | None
    also: tuple[str, ...]
    sessions: tuple[Session, ...]

    @property
    def mind(self) -> Mind:
        return Mind.of(self.settings.engine, self.model)

    @property
    def names(self) -> tuple[str, ...]:
        """Every column that is read by anything watched."""
        others = [strategy_by_name(name) for name in self.also]
        told = self.model.features if self.model is not None else ()
        return tuple(dict.fromkeys((*self.mind.names, *told, *inputs_of(others), *optional_inputs_of(others))))


def scan_tracks(subject: Subject, market: Market) -> list[Track]:
    """The columns, each strategy and the model over the whole history at once, as training and the fast backtest ask them."""
    grid, names = _grid(subject, market, subject.names), subject.names
    values, _ = scan_features(grid, names)
    at = {name: i for i, name in enumerate(names)}
    tracks = []
    if names:
        soonest = min(_warm_up((name,)) for name in names)
        tracks.append(Track("features", f"{len(names)} columns", grid.symbols, grid.minute_ns, _columns(names, values), soonest))
    playbook = subject.mind.playbook
    if playbook is not None:
        tracks += strategy_tracks(grid, values, at, playbook.strategies, playbook)
    tracks += strategy_tracks(grid, values, at, [strategy_by_name(name) for name in subject.also], None)
    if subject.model is not None:
        tracks.append(model_track(grid, values, at, subject.model))
    return tracks


def strategy_tracks(
    grid: MarketGrid, values: Float, at: dict[str, int], strategies: Sequence[Strategy], playbook: Playbook | None
) -> list[Track]:
    """One for each strategy on `values` (T, N, F): as the playbook asks it, or alone with its own numbers."""
    if not strategies:
        return []
    signals, valid = evaluate(strategies, values, at) if playbook is None else playbook.signals(values, at)
    said = np.where(valid, signals, np.nan)
    return [
        Track("strategy", s.name, grid.symbols, grid.minute_ns, (("signal", said[:, :, k]),), _warm_up(s.inputs))
        for k, s in enumerate(strategies)
    ]


def model_track(grid: MarketGrid, values: Float, at: dict[str, int], model: Model) -> Track:
    """Its answer wherever its columns are finite."""
    rows = values[:, :, [at[name] for name in model.features]]
    asked = finite_rows(rows)
    answers = model.predict(np.ascontiguousarray(rows[asked])) if asked.any() else np.empty((0, max(1, len(model.classes))))
    out = np.full((*asked.shape, 1 if answers.ndim == 1 else answers.shape[1]), np.nan)
    out[asked] = answers.reshape(len(answers), -1)
    return Track(
        "model", model.model_id, grid.symbols, grid.minute_ns, _columns(model.classes or ("answer",), out), _warm_up(model.features)
    )


def engine_tracks(subject: Subject, market: Market) -> list[Track]:
    """Regimes, selection and decisions of the engine against the venue, minute by minute, in the sessions that `market` has traded."""
    from tradebot.sim.driver import Simulation
    from tradebot.sim.venue import Venue

    settings, model = subject.settings, subject.model
    start_ns = rebalance_start_ns(subject.sessions[0])
    venue = Venue(market.histories, market.table, start_ns, settings.venue)
    engine = Engine(settings.engine, market.table, {model.model_id: model} if model is not None else {})
    decisions: list[Decision] = []

    def observe(event: Event, commands: Sequence[Command]) -> None:
        decisions.extend(c.decision for c in commands if isinstance(c, RecordDecision))

    names = subject.mind.names
    grid, warm_from_ns = _grid(subject, market, names), _warm_from(subject, market, names)
    simulation = Simulation(engine, venue, grid, settings.timetable, settings.feed.grace_s, observe, warm_from_ns=warm_from_ns)
    simulation.run(model.model_id if model is not None else "")
    return decision_tracks(grid.symbols, decisions)


def decision_tracks(symbols: tuple[str, ...], decisions: Sequence[Decision]) -> list[Track]:
    """What the decisions record, by kind."""
    minute_ns = np.array([d.minute_ns for d in decisions], np.int64)

    def numbers(name: str) -> npt.NDArray[np.float64]:
        return np.array([getattr(d, name) for d in decisions], np.float64).reshape(len(decisions), len(symbols))

    def texts(rows: Sequence[Sequence[str]]) -> npt.NDArray[Any]:
        return np.array([list(row) for row in rows], dtype=np.str_).reshape(len(decisions), len(symbols))

    tracks = []
    thoughts = [d.thoughts for d in decisions if d.thoughts is not None]
    if thoughts and len(thoughts) == len(decisions):
        tracks.append(Track("regimes", "of the engine", symbols, minute_ns, (("regime", texts([t.regimes for t in thoughts])),)))
        weights = np.array([t.weights for t in thoughts])
        signals = np.array([t.signals for t in thoughts])
        chosen = (
            *_columns(tuple(f"weight of {name}" for name in thoughts[0].strategies), weights),
            *_columns(tuple(f"signal of {name}" for name in thoughts[0].strategies), signals),
            ("arm", texts([t.arms for t in thoughts])),
            ("propensity", np.array([t.propensities for t in thoughts])),
        )
        tracks.append(Track("selection", "of the engine", symbols, minute_ns, chosen))
    made = (
        ("confidence", numbers("confidence")),
        ("qty", numbers("qty")),
        ("reason", texts([d.reasons for d in decisions])),
        ("order", texts([d.order_ids for d in decisions])),
        ("price_units", numbers("price_units")),
    )
    tracks.append(Track("decisions", "of the engine", symbols, minute_ns, made))
    return tracks


def _grid(subject: Subject, market: Market, names: tuple[str, ...]) -> MarketGrid:
    """The judged sessions and, before them, those that warm the columns up."""
    last = subject.sessions[-1].date
    from_ns = _warm_from(subject, market, names)
    return market.grid(tuple(s for s in market.traded if s.close_ns > from_ns and s.date <= last))


def _warm_from(subject: Subject, market: Market, names: tuple[str, ...]) -> int:
    return warm_up_from(market.table, rebalance_start_ns(subject.sessions[0]), _warm_up(names))


def _warm_up(names: tuple[str, ...]) -> int:
    return warm_up_bars(names) if names else 0


def _columns(names: Sequence[str], values: npt.NDArray[Any]) -> tuple[tuple[str, npt.NDArray[Any]], ...]:
    return tuple((name, values[:, :, i]) for i, name in enumerate(names))
