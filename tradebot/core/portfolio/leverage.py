"""Leverage against the hour's volatility. A plain function of numbers: numba compiles it unchanged.

    r > 1.5 -> lowest      r < 0.5 -> highest      else highest - (highest - lowest) (r - 0.5)        with 1x and 3x: 3 - 2 (r - 0.5)

Source: SYSTEMS.md section 1 "Leverage"; seeds/000 AdaptiveLeverageManager. r: volatility.py RATIO.
"""

from __future__ import annotations


def leverage_of(ratio: float, lowest: float, highest: float) -> float:
    """Between `lowest` and `highest`; `lowest` where the ratio is not known (NaN)."""
    if not 0.0 <= ratio <= 1.5:
        return lowest
    if ratio < 0.5:
        return highest
    return highest - (highest - lowest) * (ratio - 0.5)
