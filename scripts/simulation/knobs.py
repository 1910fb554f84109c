"""What a world's seed chooses besides its market and its faults: the profile, the venue's manners, the distances."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tradebot.core.config import EngineConfig
from tradebot.core.execution.exits import ExitsConfig
from tradebot.core.portfolio.sizing import SizingConfig
from tradebot.core.risk.limits import LimitsConfig
from tradebot.core.selection.entry import EntryConfig


@dataclass(frozen=True, slots=True)
class Knobs:
    cash_usd: float
    venue_ms: int
    partial_fills: float
    far_ms: int
    poll_s: float
    reconcile_s: float
    grace_s: float
    stop_fraction: float
    target_fraction: float
    positions_max: int
    equity_fraction: float


def draw_knobs(chance: random.Random) -> Knobs:
    return Knobs(
        cash_usd=chance.choice((5_000.0, 100_000.0, 100_000.0)),
        venue_ms=chance.choice((0, 0, 20, 400)),
        partial_fills=chance.choice((0.0, 0.0, 0.3)),
        far_ms=chance.choice((2, 20, 20, 250)),
        poll_s=chance.choice((60.0, 120.0)),
        reconcile_s=chance.choice((300.0, 600.0, 900.0)),
        grace_s=chance.choice((1.0, 2.0)),
        stop_fraction=chance.choice((0.002, 0.004, 0.01)),
        target_fraction=chance.choice((0.003, 0.008)),
        positions_max=chance.choice((1, 2, 3)),
        equity_fraction=chance.choice((0.05, 0.2)),
    )


def engine_config(knobs: Knobs) -> EngineConfig:
    return EngineConfig(
        profile="world",
        entry=EntryConfig(confidence_min=0.9, price_usd_min=1, price_usd_max=0),
        sizing=SizingConfig(equity_fraction=knobs.equity_fraction, max_shares=0),
        exits=ExitsConfig(stop_fraction=knobs.stop_fraction, target_fraction=knobs.target_fraction, flatten_before_close_min=5),
        limits=LimitsConfig(positions_max=knobs.positions_max, order_usd_max=50_000, daily_loss_fraction_max=0.5),
    )
