"""The no-trade band: a forecast opens when it is strong and closes only when it has gone.

    flat:  sign(forecast) if |forecast| >= forecast_min, else 0
    held:  stay while sign(held) * forecast >= exit_below; else as if flat

`stays` is a plain elementwise function: one forecast, a minute or a history.

Source: position buffering as pysystemtrade practises it; FIELD.md 3.3: trade rarely.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tradebot.core.selection.config import SelectionConfig

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]


def stays(forecast: Float, exit_below: float) -> npt.NDArray[np.bool_]:
    """Where a forecast in the direction of what is held keeps it."""
    return (forecast >= exit_below) & (forecast > 0.0)


def direction(forecast: Float, held: Int, config: SelectionConfig) -> Int:
    """-1, 0 or 1 (N,) wanted, from forecasts (N,) in [-1, 1] and held positions (N,), of which only the sign counts.

    Only a long-only profile (`performance.long_only`) never answers -1. A forecast of 0 wants nothing, whatever the thresholds.
    """
    side = np.sign(held)
    kept = (side != 0) & stays(side * forecast, config.exit_below)
    opens = np.where((np.abs(forecast) >= config.forecast_min) & (forecast != 0.0), np.sign(forecast), 0.0)
    wanted: Int = np.where(kept, side, opens).astype(np.int64)
    return np.maximum(wanted, 0) if config.performance.long_only else wanted
