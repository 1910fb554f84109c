"""What a feature says of itself, and the row that every step reads."""

from __future__ import annotations

import math
from dataclasses import dataclass

# Columns of the input row, one bar of one symbol: dollars and shares; session open and close and the bar's start in minutes since the
# epoch; then what may be absent (NaN): trade count, top of book at the bar's start, close of the reference symbol, and the day's macro
# values as known before the open.
OPEN, HIGH, LOW, CLOSE, VOLUME, SESSION, SESSION_END, MINUTE = range(8)
TRADES, BID, ASK, BID_SIZE, ASK_SIZE, REFERENCE, VIX, YIELD_3M, YIELD_10Y = range(8, 17)
ROW_WIDTH = 17
REFERENCE_SYMBOL = "SPY"


@dataclass(frozen=True, slots=True)
class Feature:
    """One named column. `version` enters the schema hash: raise it when the formula changes.

    `warm_up_bars` counts the bars that a symbol must have seen, this one included; before that the column is NaN. `low`..`high` is the
    range of possible values, checked by property test. `scale_free`: the same when every price is multiplied by ten. An optional input
    (from `trades` on in the row) that is absent makes the column NaN.
    """

    name: str
    formula: str
    unit: str
    inputs: tuple[str, ...]
    warm_up_bars: int
    scale_free: bool
    low: float = -math.inf
    high: float = math.inf
    source: str = ""
    version: int = 1
