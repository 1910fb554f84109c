"""What a split is: two masks over rows that share no row and no information."""

from __future__ import annotations

from dataclasses import dataclass

from tradebot.core.domain.bars import Bool


@dataclass(frozen=True, slots=True)
class Split:
    """Masks over rows, and the first minute of the test part."""

    train: Bool  # (R,)
    test: Bool  # (R,)
    test_start_ns: int
