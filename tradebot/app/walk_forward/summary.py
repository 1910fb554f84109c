"""What a walk-forward came to, as the command prints it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tradebot.app.walk_forward.folder import FoldResult
from tradebot.app.walk_forward.track import Track
from tradebot.core.domain.units import UNITS_PER_USD


def summary(track: Track, results: Sequence[FoldResult]) -> dict[str, Any]:
    """Returns are net of cost and out of sample; what the same sessions gave to somebody who did nothing stands beside them."""
    return {
        "profile": track.profile,
        "run": track.run,
        "fidelity": track.fidelity,
        "folds": len(results),
        "sessions": len(track.dates),
        "first": str(track.dates[0]),
        "last": str(track.dates[-1]),
        "trades": len(track.trades),
        "net_fraction": _total(track.net),
        "gross_fraction": _total(track.gross),
        **{f"{name}_fraction": _total(values) for name, values in track.benchmarks.items()},
        "fees_usd": track.costs.fees_units / UNITS_PER_USD,
        "spread_usd": track.costs.spread_units / UNITS_PER_USD,
        "note": "ZERO COST, as the profile asked" if track.zero_cost else "net of cost, out of sample",
        "by_fold": [
            {
                "fold": r.number,
                "trained": f"{r.train_first} to {r.train_last}",
                "tested": f"{r.dates[0]} to {r.dates[-1]}",
                "kept": r.kept,
                "trades": len(r.trades),
                "net": _total(r.net),
            }
            for r in results
        ],
    }


def _total(returns: Sequence[float]) -> float:
    return float(np.prod(1.0 + np.array(returns)) - 1.0)
