"""What a feature says of itself, and the row that every step reads."""

from __future__ import annotations

from dataclasses import dataclass

# Columns of the input row: one bar in dollars and shares, and the session's open in minutes since the epoch.
OPEN, HIGH, LOW, CLOSE, VOLUME, SESSION = range(6)
ROW_WIDTH = 6


@dataclass(frozen=True, slots=True)
class Feature:
    """One named column. `version` enters the schema hash: raise it when the formula changes."""

    name: str
    formula: str
    unit: str
    inputs: tuple[str, ...]
    warm_up_bars: int
    scale_free: bool
    seed_raw: bool = False  # one of the eleven of SYSTEMS.md section 2
    version: int = 1
