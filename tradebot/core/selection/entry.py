"""Entry filters of `active_stocks` (SYSTEMS.md section 2): a reason against each symbol, or "" for a candidate."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Le

from tradebot.core.domain.units import UNITS_PER_USD, usd_text


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryConfig:
    """`price_usd_max` 0 lifts the upper price bound. A profile of strategies has `selection.forecast_min` in place of `confidence_min`."""

    confidence_min: Annotated[float, Ge(0), Le(1)] = 0.0
    price_usd_min: Annotated[float, Ge(0)]
    price_usd_max: Annotated[float, Ge(0)]


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
    low = round(config.price_usd_min * UNITS_PER_USD)
    high = round(config.price_usd_max * UNITS_PER_USD)
    reasons = []
    for n, symbol in enumerate(symbols):
        price = int(price_units[n])
        if not valid[n]:
            reason = "no valid features: bar missing or warming up"
        elif not confidence[n] >= config.confidence_min:
            reason = f"{word} {confidence[n]:.3f} < {config.confidence_min:g}"
        elif price < low or (high and price > high):
            reason = f"price {usd_text(price)} outside {config.price_usd_min:g}-{config.price_usd_max:g}"
        elif symbol in busy:
            reason = "already held or working"
        else:
            reason = ""
        reasons.append(reason)
    return reasons
