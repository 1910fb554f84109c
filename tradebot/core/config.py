"""What a profile decides about the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Gt, MinLen

from tradebot.core.execution.exits import ExitsConfig
from tradebot.core.portfolio.sizing import SizingConfig
from tradebot.core.risk.limits import LimitsConfig
from tradebot.core.selection.entry import EntryConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """`bar_late_s_max`: a minute that arrives later than this after its end is perceived, not traded on."""

    profile: Annotated[str, MinLen(1)]
    entry: EntryConfig
    sizing: SizingConfig
    exits: ExitsConfig
    limits: LimitsConfig
    bar_late_s_max: Annotated[float, Gt(0)] = 30.0
