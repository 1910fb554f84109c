"""Entry filters of `active_stocks` (SYSTEMS.md section 2): a reason against each symbol, or "" for a candidate.

`entry_code` is a plain function of numbers: the pipeline calls it as it stands, the fast backtest compiles (njit) the same source.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Le

from tradebot.core.domain.units import UNITS_PER_USD, usd_text

NOT_VALID: Final = 1
NOT_CONFIDENT: Final = 2
PRICE_OUTSIDE: Final = 3
BUSY: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryConfig:
    """`price_usd_max` 0 lifts the upper price bound. A profile of strategies has `selection.forecast_min` in place of `confidence_min`."""

    confidence_min: Annotated[float, Ge(0), Le(1)] = 0.0
    price_usd_min: Annotated[float, Ge(0)]
    price_usd_max: Annotated[float, Ge(0)]


def entry_code(
    valid: bool, confidence: float, price_units: int, busy: bool, confidence_min: float, price_units_min: int, price_units_max: int
) -> int:
    """The first filter that a symbol fails, 0 where it passes all. `price_units_max` 0 lifts that bound; a NaN is not confident."""
    if not valid:
        return NOT_VALID
    if not confidence >= confidence_min:
        return NOT_CONFIDENT
    if price_units < price_units_min or (price_units_max > 0 and price_units > price_units_max):
        return PRICE_OUTSIDE
    return BUSY if busy else 0


def price_bounds_units(config: EntryConfig) -> tuple[int, int]:
    """The price bounds in units, 0 above for none."""
    return round(config.price_usd_min * UNITS_PER_USD), round(config.price_usd_max * UNITS_PER_USD)


def entry_reasons(
    symbols: Sequence[str],
    valid: npt.NDArray[np.bool_],
    confidence: npt.NDArray[np.float64],
    price_units: npt.NDArray[np.int64],
    busy: Collection[str],
    config: EntryConfig,
    word: str = "confidence",
) -> list[str]:
    """Per symbol the first filter that it fails, "" where it passes all. `busy` = held or with an open order.

    `word` is what `confidence` is called in a reason.

    Arrays are (N,). The filters read the symbol's own row only; limits across symbols belong to risk.
    """
    low, high = price_bounds_units(config)
    reasons = []
    for n, symbol in enumerate(symbols):
        price = int(price_units[n])
        code = entry_code(bool(valid[n]), float(confidence[n]), price, symbol in busy, config.confidence_min, low, high)
        if code == NOT_VALID:
            reason = "no valid features: bar missing or warming up"
        elif code == NOT_CONFIDENT:
            reason = f"{word} {confidence[n]:.3f} < {config.confidence_min:g}"
        elif code == PRICE_OUTSIDE:
            reason = f"price {usd_text(price)} outside {config.price_usd_min:g}-{config.price_usd_max:g}"
        else:
            reason = "already held or working" if code == BUSY else ""
        reasons.append(reason)
    return reasons
