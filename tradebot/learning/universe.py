"""Which symbols a model learns from: the most active by volume, within a range of prices (seeds/001, "Dataset builder")."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tradebot.core.domain.bars import BarColumns
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import UNITS_PER_USD


def screen_by_volume(histories: Mapping[str, BarColumns], symbols_max: int, price_usd_min: float, price_usd_max: float) -> tuple[str, ...]:
    """Symbols whose median close lies in the range, by shares traded a bar, the most active first; 0 lifts a maximum.

    Ties fall to the alphabet. Raises OperatorFault when no symbol is left.
    """
    upper = price_usd_max or float("inf")
    inside = [b for b in histories.values() if len(b) and price_usd_min <= np.median(b.close) / UNITS_PER_USD <= upper]
    if not inside:
        raise OperatorFault(
            f"the universe is empty: none of {len(histories)} symbols has a median price of ${price_usd_min:g} to ${upper:g}"
        )
    ranked = sorted(inside, key=lambda b: (-float(b.volume.mean()), b.symbol))
    return tuple(b.symbol for b in ranked[: symbols_max or None])
