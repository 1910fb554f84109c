"""What a profile decides about the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Ge, Gt, MinLen

from tradebot.core.execution.exits import ExitsConfig
from tradebot.core.execution.order_type import ExecutionConfig
from tradebot.core.execution.slicing import SlicingConfig
from tradebot.core.portfolio.sizing import SizingConfig
from tradebot.core.risk.breaker import BreakerConfig
from tradebot.core.risk.limits import LimitsConfig
from tradebot.core.selection.config import SelectionConfig
from tradebot.core.selection.entry import EntryConfig
from tradebot.core.strategies.gates import GatesConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategiesConfig:
    """`confluence`: also ask on the 5, 15 and 60-minute bars. `parameters` overrides a strategy's numbers by its name and theirs."""

    names: Annotated[tuple[str, ...], MinLen(1)]
    confluence: bool
    parameters: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeConfig:
    """`detector` names a rule, or is "hmm" or "learned" of a trained model.

    A new regime takes effect after `persistence_bars` bars in a row.
    """

    detector: str
    persistence_bars: Annotated[int, Ge(1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybookConfig:
    """Strategies, what weighs them, and what must hold before a forecast may become an order."""

    strategies: StrategiesConfig
    regime: RegimeConfig
    selection: SelectionConfig
    gates: GatesConfig | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """`home_feed` is the source whose history was learned from, "" for any; a price that jumps by more than `price_jump_max` (1.0 = to the
    double or the half) opens nothing until the next bar confirms it, 0 believes everything.

    `bar_late_s_max`: a minute that arrives later than this after its end is perceived, not traded on.

    A profile has a classifier, or a `playbook` of strategies.
    """

    profile: Annotated[str, MinLen(1)]
    entry: EntryConfig
    sizing: SizingConfig
    exits: ExitsConfig
    limits: LimitsConfig
    breaker: BreakerConfig = field(default_factory=BreakerConfig)
    execution: ExecutionConfig = field(default_factory=ExecutionConfig)
    slicing: SlicingConfig = field(default_factory=SlicingConfig)
    bar_late_s_max: Annotated[float, Gt(0)] = 30.0
    price_jump_max: Annotated[float, Ge(0)] = 0.0
    home_feed: str = ""
    playbook: PlaybookConfig | None = None
