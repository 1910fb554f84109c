"""How much a row counts: labels that overlap share their minutes, and old rows fade.

    concurrency(m)   labels of the symbol that are open in minute m; a label is open from the minute after its bar to its end
    uniqueness(i)    mean over the label's minutes of 1 / concurrency
    decay(i)         0.5 ** (sessions since the row's / half_life_sessions), 1 in the newest session
    effective rows   sum of uniqueness * decay: what the labels would be worth if none overlapped

Source: Lopez de Prado, Advances in Financial Machine Learning, 4.2-4.4, 4.7 (there the decay is linear in cumulative uniqueness).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from tradebot.core.domain.bars import Float, Int
from tradebot.core.domain.units import NS_PER_MINUTE

Weighting = Literal["none", "uniqueness"]


def average_uniqueness(minute_ns: Int, end_ns: Int, symbol_of: Int) -> Float:
    """(R,) in (0, 1] from the rows' minutes, label ends and symbols, in any order."""
    uniqueness = np.ones(len(minute_ns))
    for symbol in np.unique(symbol_of):
        here = np.flatnonzero(symbol_of == symbol)
        first = minute_ns[here] // NS_PER_MINUTE + 1
        base = first.min()
        start, stop = first - base, -(-end_ns[here] // NS_PER_MINUTE) - base  # minutes start..stop-1
        assert (stop > start).all(), "a label ends after the minute that it follows"
        minutes = int(stop.max()) + 1
        concurrency = np.cumsum(np.bincount(start, minlength=minutes) - np.bincount(stop, minlength=minutes))[:-1]
        share = np.divide(1.0, concurrency, out=np.zeros(len(concurrency)), where=concurrency > 0)
        before = np.concatenate([[0.0], np.cumsum(share)])
        uniqueness[here] = (before[stop] - before[start]) / (stop - start)
    return np.minimum(uniqueness, 1.0)


def session_decay(session_of: Int, half_life_sessions: float) -> Float:
    """(R,) 1 in the newest session, half `half_life_sessions` before it; 0 for no decay."""
    if not len(session_of) or half_life_sessions == 0.0:
        return np.ones(len(session_of))
    age: Float = 0.5 ** ((session_of.max() - session_of) / half_life_sessions)
    return age


def row_weights(
    minute_ns: Int, end_ns: Int, symbol_of: Int, session_of: Int, weighting: Weighting, half_life_sessions: float
) -> tuple[Float, float]:
    """Weights (R,) of mean 1, and the effective number of rows, which counts overlap whatever the weighting."""
    uniqueness = average_uniqueness(minute_ns, end_ns, symbol_of)
    decay = session_decay(session_of, half_life_sessions)
    weight = decay * uniqueness if weighting == "uniqueness" else decay
    mean = weight.mean() if len(weight) else 1.0
    return weight / mean, float((uniqueness * decay).sum())
