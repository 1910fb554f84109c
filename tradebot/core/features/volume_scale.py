"""Columns whose numbers follow the scale of the feed's volumes: IEX tells about 2 % of what all exchanges trade (WIRE.md 7).

The others are ratios of volumes of one feed, or read none. tests/unit/features/test_volume_scale.py holds the list against the features.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

SCALED: Final = frozenset({"volume", "dollar_volume_log", "kyle_lambda", "kyle_lambda_60", "amihud_illiquidity", "amihud_return_20"})


def scaled_columns(names: Iterable[str]) -> tuple[str, ...]:
    """Those of these columns that another feed's volumes would falsify."""
    return tuple(name for name in names if name in SCALED)
