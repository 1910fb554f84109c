"""How a period's forecasts did: how many were known, what came of those that were traded, and whether their features have moved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection

from tradebot.core.domain.bars import Float
from tradebot.core.domain.decision import Decision
from tradebot.learning.drift import DRIFT_MAX, psi, sketch
from tradebot.shell.store.explained import decided

BINS: Final = 10
SHOWN: Final = 10
UNKNOWN: Final = "unknown"


@dataclass(slots=True)
class Forecasts:
    """Decisions of a span taken together. `features` are finite values by column, `leaders` who led to an order, by its id."""

    decisions: int = 0
    rows: int = 0
    known: int = 0
    above: int = 0
    models: set[str] = field(default_factory=set)
    features: dict[str, Float] = field(default_factory=dict)
    leaders: dict[str, str] = field(default_factory=dict)

    def leader_of(self, trade_id: str) -> str:
        """The strategy that weighed most in the entry, or the model; a slice's id ends in its number."""
        whole = trade_id.rstrip("+")
        return self.leaders.get(whole) or self.leaders.get(whole.rpartition("-s")[0]) or UNKNOWN


def gather(connection: Connection, first_ns: int, end_ns: int) -> Forecasts:
    out, values = Forecasts(), defaultdict[str, list[Float]](list)
    for _, decision in decided(connection, first_ns, end_ns):
        known = np.isfinite(decision.confidence)
        out.decisions += 1
        out.rows += len(decision.symbols)
        out.known += int(known.sum())
        out.above += int((decision.confidence[known] >= decision.threshold).sum())
        out.models.add(decision.model_id or "no model")
        for name, column in zip(decision.feature_names, decision.features.T, strict=False):
            values[name].append(column[np.isfinite(column)])
        out.leaders |= {order: _leader(decision, n) for n, order in enumerate(decision.order_ids) if order}
    out.features = {name: np.concatenate(parts) for name, parts in values.items()}
    return out


def _leader(decision: Decision, n: int) -> str:
    thoughts = decision.thoughts
    if thoughts is None or not thoughts.strategies:
        return decision.model_id or UNKNOWN
    weighed = np.abs(np.nan_to_num(thoughts.signals[n] * thoughts.weights[n]))
    return thoughts.strategies[int(np.argmax(weighed))]


def calibration(ended: Sequence[tuple[float, bool]]) -> list[dict[str, Any]]:
    """Trades by the confidence that they were entered with: a model that knows itself wins as often as it is confident.

    A win is a profit before fees, which is not always what the model's label was.
    """
    bins: defaultdict[int, list[tuple[float, bool]]] = defaultdict(list)
    for confidence, won in ended:
        if np.isfinite(confidence):
            bins[min(int(confidence * BINS), BINS - 1)].append((confidence, won))
    return [
        {
            "confidence_from": place / BINS,
            "trades": len(own),
            "mean_confidence": sum(c for c, _ in own) / len(own),
            "won_share": sum(won for _, won in own) / len(own),
        }
        for place, own in sorted(bins.items())
    ]


def drifted(before: Forecasts, now: Forecasts) -> dict[str, Any]:
    """Population stability indices against the days before in the same journal, the largest first."""
    found = {name: psi(sketch(before.features[name]), values) for name, values in now.features.items() if name in before.features}
    told = sorted(((name, index) for name, index in found.items() if index is not None), key=lambda row: -row[1])
    if not told:
        return {"verdict": "not known: too few earlier decisions in the journal"}
    moved = sum(index > DRIFT_MAX for _, index in told)
    return {
        "verdict": f"{moved} of {len(told)} features have moved (PSI > {DRIFT_MAX:g})",
        "features": [{"feature": name, "psi": index} for name, index in told[:SHOWN]],
    }
