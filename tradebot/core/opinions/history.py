"""Opinions of a whole history: the live stages over every minute of a grid, so that a backtest needs no event for each.

`classifier_history` is `by_classifier` for T minutes: the same features, the same model, whole sessions at a time. A model answers the
same for a row alone and in a batch (core/forecast/model.py), so both agree bit for bit.

`strategies_history` is `by_strategies` for T minutes: regimes, signals, and the selection with its hourly choice, session by session.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.bars import TAPE, MarketGrid
from tradebot.core.domain.tape import TRADES
from tradebot.core.domain.units import UNITS_PER_USD
from tradebot.core.features.catalogue import families_of, finite_rows, new_state, scan_sessions
from tradebot.core.forecast.predict import confidences
from tradebot.core.opinions.allocation import allocate
from tradebot.core.opinions.evidence import evidence_of, strength_of
from tradebot.core.opinions.mind import Mind, ServedModel
from tradebot.core.opinions.playbook import Playbook
from tradebot.core.portfolio.evidence import WIDTH as EVIDENCE_WIDTH
from tradebot.core.portfolio.memory import SizingState
from tradebot.core.regime import persistence
from tradebot.core.selection.band import stays
from tradebot.core.selection.history import select_history
from tradebot.core.selection.memory import new_selection
from tradebot.core.selection.performance import BLOCK_NS
from tradebot.core.selection.price_jump import history_jumped
from tradebot.core.strategies.gates import GATE_INPUTS, gates_open

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Opinions:
    """What was thought of every symbol at every minute, (T, N) each. `leading` and `regime` place a name, -1 = none.

    `valid`: where a position may be opened; `exits`: where one that is held is no longer wanted.
    """

    conviction: Float
    valid: Bool
    exits: Bool | None = None
    leading: Int | None = None
    strategies: tuple[str, ...] = ()
    regime: Int | None = None
    regimes: tuple[str, ...] = ()
    evidence: Float | None = None  # (T, N, W) of the leading strategies, see core/portfolio/evidence.py


def as_perceived(grid: MarketGrid, first_minute: int) -> MarketGrid:
    """The grid as the engine sees it: minutes before `first_minute` are history, which comes without quotes (core/domain/tape.py)."""
    if grid.tape is None or first_minute == 0:
        return grid
    tape = grid.tape.copy()
    tape[:first_minute, :, [i for i in range(len(TAPE)) if i != TRADES]] = 0
    return replace(grid, tape=tape)


def classifier_history(grid: MarketGrid, served: ServedModel) -> Opinions:
    """A classifier's confidence in each symbol at each minute, from a cold start at the grid's first row."""
    conviction = np.full(grid.present.shape, np.nan)
    valid = np.zeros(grid.present.shape, np.bool_)
    memory = new_state(len(grid.symbols), families_of(served.model.features))
    for rows, values, _ in scan_sessions(grid, memory):
        flat = values.reshape(-1, values.shape[-1])
        sound = finite_rows(flat[:, served.columns])
        conviction[rows] = confidences(served.model, flat, served.columns, sound).reshape(values.shape[:2])
        valid[rows] = sound.reshape(values.shape[:2])
    return Opinions(conviction, valid)


def opinions_of(grid: MarketGrid, mind: Mind, first_minute: int, price_jump_max: float = 0.0) -> Opinions:
    """What a profile thinks over a grid that is warmed up on the rows before `first_minute`. It must not lack anything.

    Where a price has jumped by more than `price_jump_max` nothing is valid (core/selection/price_jump.py).
    """
    assert not mind.lacks, mind.lacks
    seen = as_perceived(grid, first_minute)
    if mind.playbook is not None:
        said = strategies_history(seen, mind, first_minute)
    else:
        assert mind.served is not None, "a classifier's profile lacks nothing and has no model"
        said = classifier_history(seen, mind.served)
    np.copyto(said.valid, False, where=history_jumped(seen, price_jump_max))
    return said


def strategies_history(grid: MarketGrid, mind: Mind, first_minute: int) -> Opinions:
    """The strategies' forecast at each minute. Rows before `first_minute` in which no symbol has a bar are never told to the engine."""
    book = mind.playbook
    assert book is not None, "a profile without strategies"
    symbols, (minutes, _) = len(grid.symbols), grid.present.shape
    said = Opinions(
        np.full(grid.present.shape, np.nan), np.zeros(grid.present.shape, np.bool_), np.zeros(grid.present.shape, np.bool_),
        np.full(grid.present.shape, -1, np.int64), book.strategy_names,
        np.full(grid.present.shape, -1, np.int64), book.regimes.labels, np.zeros((*grid.present.shape, EVIDENCE_WIDTH)),
    )  # fmt: skip
    assert said.exits is not None and said.leading is not None and said.regime is not None and said.evidence is not None
    labels, beliefs = persistence.new_state(symbols), np.zeros((symbols, len(book.regimes.labels)))
    memory = new_selection(symbols, len(book.strategies), len(book.regimes.labels))
    sizing = SizingState()
    bounds_ns = np.array([(s.open_ns, s.close_ns) for s in grid.sessions], np.int64)
    told_rows = grid.present.any(axis=1) | (np.arange(minutes) >= first_minute)
    for rows, values, _ in scan_sessions(grid, new_state(symbols, families_of(mind.names))):
        keep = np.flatnonzero(told_rows[rows])
        if len(keep) == 0:
            continue
        at = keep + rows.start
        features = values if len(keep) == len(values) else values[keep]
        seen = _labels_seen(book, features, beliefs)
        regime = np.empty(seen.shape, np.int8)
        persistence.persist_scan(labels, seen, book.config.regime.persistence_bars, book.regimes.at_once, regime)
        signals, sound = book.signals(features)
        opens_ns, closes_ns = bounds_ns[grid.session_of[at]].T.copy()
        told, probabilities = _asked(mind, features, grid.minute_ns[at], opens_ns)
        allocate(sizing, memory.ledger, int(opens_ns[0]))
        selection = select_history(
            memory, grid.minute_ns[at], opens_ns, closes_ns, grid.open[at] / UNITS_PER_USD, grid.close[at] / UNITS_PER_USD,
            grid.present[at], signals, sound, regime.astype(np.int64), book.table, told, probabilities, book.config.selection,
        )  # fmt: skip
        said.conviction[at] = np.where(selection.valid, selection.forecast, np.nan)
        said.valid[at] = selection.valid & _gates(book, features)
        said.exits[at] = selection.valid & ~stays(selection.forecast, book.config.selection.exit_below)
        said.leading[at], said.regime[at] = selection.leading, regime
        said.evidence[at] = evidence_of(selection.leading, selection.record, strength_of(book, features), sizing)
    return said


def _labels_seen(book: Playbook, features: Float, beliefs: Float) -> npt.NDArray[np.int8]:
    """Regimes (T, N) before persistence. A hidden Markov model's beliefs go from minute to minute; the others look at each row alone."""
    if book.regimes.detector == "hmm":
        return np.stack([book.regimes.seen(minute, book.column_of, beliefs) for minute in features])
    flat = features.reshape(-1, features.shape[-1])
    return book.regimes.seen(flat, book.column_of, beliefs).reshape(features.shape[:2])


def _gates(book: Playbook, features: Float) -> Bool:
    """Where the entry gates are open, (T, N)."""
    if book.config.gates is None:
        return np.ones(features.shape[:2], np.bool_)
    columns = [features[..., book.column_of[name]] for name in GATE_INPUTS]
    return gates_open(columns[0], columns[1], columns[2], book.config.gates)


def _asked(mind: Mind, features: Float, minute_ns: Int, open_ns: Int) -> tuple[Int, Float]:
    """The selector's word where the engine asks for it: in the first minute of each hour in which a symbol's row is whole.

    `told` (T, N) is a row of the probabilities (M, K + 1), -1 where it is not asked. A word that is no number is asked for again.
    """
    told = np.full(features.shape[:2], -1, np.int64)
    if mind.served is None:
        return told, np.zeros((0, 1))
    model, rows = mind.served.model, features[..., mind.served.columns]
    waiting = finite_rows(rows)
    hour = (minute_ns - open_ns) // BLOCK_NS + (open_ns // BLOCK_NS) * 24  # one number for each hour of each session
    words: list[Float] = [np.zeros((0, len(model.classes)))]
    while waiting.any():
        firsts = []
        for n in range(waiting.shape[1]):
            places = np.flatnonzero(waiting[:, n])
            firsts += [(int(places[i]), n) for i in np.unique(hour[places], return_index=True)[1]]
        t, n = np.array(firsts, np.int64).T
        answers = model.predict(np.ascontiguousarray(rows[t, n]))
        whole = np.isfinite(answers).all(axis=1)
        told[t[whole], n[whole]] = sum(len(w) for w in words) + np.arange(int(whole.sum()))
        words.append(answers[whole])
        waiting[t, n] = False
        for i, symbol in zip(t[whole], n[whole], strict=True):
            waiting[hour == hour[i], symbol] = False
    return told, np.concatenate(words)
