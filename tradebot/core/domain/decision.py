"""The record of one minute's decision: what was seen, what was thought, and why each symbol was or was not traded."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt


class Thoughts(msgspec.Struct, frozen=True):
    """How strategies came to a forecast: one row per symbol, one column per strategy of `strategies`."""

    regimes: tuple[str, ...]  # (N,) "" where unknown
    strategies: tuple[str, ...]  # (K,)
    signals: npt.NDArray[np.float64]  # (N, K) after confluence
    weights: npt.NDArray[np.float64]  # (N, K)
    arms: tuple[str, ...]  # (N,) the arm that this hour's choice fell on, "" where none was made
    propensities: npt.NDArray[np.float64]  # (N,) probability with which that arm was chosen


class SizeRecord(msgspec.Struct, frozen=True):
    """How one symbol's size came about: the factors by their names, in the order in which they were applied."""

    symbol: str
    rule: str
    shares: int  # before limits
    factors: dict[str, float]


class Decision(msgspec.Struct, frozen=True):
    """One row per symbol of the universe, including the reason for no trade (I25).

    `features` holds the columns `feature_names`: what the profile's model and strategies read. `confidence` is a model's probability, or
    the strategies' forecast in [-1, 1], whose making stands in `thoughts`.
    """

    decision_id: str
    minute_ns: int
    ts_event_ns: int
    model_id: str
    schema_hash: str
    symbols: tuple[str, ...]
    features: npt.NDArray[np.float64]  # (N, F)
    valid: npt.NDArray[np.bool_]  # (N,)
    confidence: npt.NDArray[np.float64]  # (N,) NaN where not valid
    price_units: npt.NDArray[np.int64]  # (N,)
    threshold: float
    qty: npt.NDArray[np.int64]  # (N,) signed shares asked for
    reasons: tuple[str, ...]  # (N,)
    order_ids: tuple[str, ...]  # (N,) "" where no order came of it
    feature_names: tuple[str, ...] = ()  # (F,)
    thoughts: Thoughts | None = None
    sizes: tuple[SizeRecord, ...] = ()  # of the candidates


class Prediction(msgspec.Struct, frozen=True):
    """One symbol's row of the prediction history (SYSTEMS.md section 2)."""

    symbol: str
    signal: int  # 1 = buy, 0 = hold
    confidence: float
    price_units: int
    recommendation: str  # BUY | HOLD
    meets_threshold: bool
    timestamp_ns: int


def predictions(decision: Decision) -> tuple[Prediction, ...]:
    """The predictor's view of a decision; symbols without a valid forecast have none."""
    rows = []
    for n, symbol in enumerate(decision.symbols):
        confidence = float(decision.confidence[n])
        if not (decision.valid[n] and math.isfinite(confidence)):  # a database keeps no NaN
            continue
        meets = confidence >= decision.threshold
        rows.append(
            Prediction(
                symbol,
                int(confidence >= 0.5),
                confidence,
                int(decision.price_units[n]),
                "BUY" if meets else "HOLD",
                meets,
                decision.ts_event_ns,
            )
        )
    return tuple(rows)
