"""The strategies' opinion (SYSTEMS.md sections 1 and 5): regime -> signals -> selection -> forecast -> gates."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.decision import Thoughts
from tradebot.core.domain.events import MinuteClosed
from tradebot.core.domain.session import Session
from tradebot.core.domain.units import UNITS_PER_USD
from tradebot.core.features.catalogue import finite_rows
from tradebot.core.opinions.allocation import allocate
from tradebot.core.opinions.evidence import evidence_of, leading_record, strength_of
from tradebot.core.opinions.mind import Mind
from tradebot.core.opinions.opinion import Opinion
from tradebot.core.opinions.playbook import Playbook
from tradebot.core.regime.detector import UNKNOWN
from tradebot.core.regime.persistence import persist_step
from tradebot.core.selection.band import direction
from tradebot.core.selection.entry import EntryConfig, entry_reasons
from tradebot.core.selection.performance import SIGNAL, block_start_ns
from tradebot.core.selection.selector import Selection, select
from tradebot.core.state import State
from tradebot.core.strategies.gates import GATE_INPUTS, gate_reasons

Float = npt.NDArray[np.float64]


def by_strategies(
    state: State, minute: MinuteClosed, session: Session, mind: Mind, busy: Collection[str], held: npt.NDArray[np.int64], entry: EntryConfig
) -> Opinion:
    """Moves the memory of regimes and selection on by one minute. `busy` = held or with an open order; `held` (N,) shares."""
    book = mind.playbook
    assert book is not None, "a profile without strategies"
    state.remember(book.strategy_names, book.regimes.detector, book.regimes.labels)
    seen = book.regimes.seen(state.features, book.column_of, state.beliefs)
    regime = np.empty(len(state.symbols), np.int8)
    persist_step(state.regimes, seen, book.config.regime.persistence_bars, book.regimes.at_once, regime)
    signals, valid = book.signals(state.features)
    allocate(state.sizing, state.selection.ledger, session.open_ns)
    selection = select(
        state.selection, minute.minute_ns, session.open_ns, session.close_ns, minute.open / UNITS_PER_USD, minute.close / UNITS_PER_USD,
        minute.present, signals, valid, regime.astype(np.int64), book.table[regime], _probabilities(state, minute, session, mind),
        book.config.selection,
    )  # fmt: skip
    return Opinion(
        selection.valid,
        np.where(selection.valid, selection.forecast, np.nan),
        _reasons(state, minute, selection, book, busy, entry),
        _exits(state, selection, book, held),
        _thoughts(state, regime, selection, book),
        evidence_of(
            selection.leading, leading_record(state.selection.ledger, selection.leading), strength_of(book, state.features), state.sizing
        ),
    )


def _probabilities(state: State, minute: MinuteClosed, session: Session, mind: Mind) -> Float | None:
    """The selector's word (N, K + 1), asked for only while an hour's choice is open."""
    if mind.served is None:
        return None
    begins = block_start_ns(minute.minute_ns, session.open_ns) != state.selection.block_ns
    out = np.full((len(state.symbols), len(mind.served.model.classes)), np.nan)
    rows = state.features[:, mind.served.columns]
    asked = finite_rows(rows) & (begins | (state.selection.chosen < 0))
    if asked.any():
        out[asked] = mind.served.model.predict(np.ascontiguousarray(rows[asked]))
    return out


def _reasons(
    state: State, minute: MinuteClosed, selection: Selection, book: Playbook, busy: Collection[str], entry: EntryConfig
) -> list[str]:
    """Per symbol the first thing against it, "" where it may be entered."""
    limits = replace(entry, confidence_min=book.config.selection.forecast_min)
    reasons = entry_reasons(state.symbols, selection.valid, selection.forecast, minute.close, busy, limits, "forecast")
    if book.config.gates is None:
        return reasons
    columns = [state.features[:, book.column_of[name]] for name in GATE_INPUTS]
    gates = gate_reasons(columns[0], columns[1], columns[2], book.config.gates)
    return [reason or gate for reason, gate in zip(reasons, gates, strict=True)]


def _exits(state: State, selection: Selection, book: Playbook, held: npt.NDArray[np.int64]) -> dict[str, str]:
    """What is held and no longer wanted; a minute without a bar is no evidence against it."""
    wanted = direction(selection.forecast, held, book.config.selection)
    gone = selection.valid & (held != 0) & (wanted != np.sign(held))
    return {state.symbols[n]: f"forecast {selection.forecast[n]:+.3f}" for n in np.flatnonzero(gone)}


def _thoughts(state: State, regime: npt.NDArray[np.int8], selection: Selection, book: Playbook) -> Thoughts:
    arms, rows = book.arms, np.arange(len(state.symbols))
    return Thoughts(
        tuple("" if label == UNKNOWN else book.regimes.labels[label] for label in regime),
        book.strategy_names,
        state.selection.ledger[..., SIGNAL].copy(),
        selection.weights,
        tuple("" if arm < 0 else arms[arm] for arm in selection.chosen),
        np.where(selection.chosen >= 0, selection.propensities[rows, selection.chosen], 0.0),
    )
