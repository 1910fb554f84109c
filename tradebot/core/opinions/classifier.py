"""One model's opinion (SYSTEMS.md section 2): features -> probability, or position -> entry filters."""

from __future__ import annotations

from collections.abc import Collection

from tradebot.core.domain.events import MinuteClosed
from tradebot.core.features.catalogue import finite_rows
from tradebot.core.forecast.predict import confidences
from tradebot.core.opinions.mind import ServedModel
from tradebot.core.opinions.opinion import Opinion
from tradebot.core.selection.entry import EntryConfig, entry_reasons
from tradebot.core.state import State


def by_classifier(state: State, minute: MinuteClosed, served: ServedModel, busy: Collection[str], entry: EntryConfig) -> Opinion:
    """Symbols whose confidence passes the threshold may be entered. `busy` = held or with an open order.

    A position's confidence is the position itself: entries are long, so a short position is as far from one as can be.
    """
    valid = finite_rows(state.features[:, served.columns])
    confidence = confidences(served.model, state.features, served.columns, valid)
    word = "position" if served.model.answer == "position" else "confidence"
    return Opinion(valid, confidence, entry_reasons(state.symbols, valid, confidence, minute.close, busy, entry, word))
