"""What may be wrong between the keys of [sizing], and between them and the profile's model or strategies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tradebot.learning.kinds import ANSWERS, LEARNS
from tradebot.settings.sections import Settings

Contradiction = Callable[[Settings], str | None]
_RULES: Final = ("risk_fraction", "kelly", "volatility_target")


def _wrong_section(settings: Settings) -> str | None:
    sizing = settings.sizing
    if sizing.rule != "equity_fraction" and getattr(sizing, sizing.rule) is None:
        return f'sizing.rule "{sizing.rule}" needs the section [sizing.{sizing.rule}]'
    strange = next((name for name in _RULES if name != sizing.rule and getattr(sizing, name) is not None), None)
    return f'[sizing.{strange}] is not for sizing.rule "{sizing.rule}"' if strange else None


def _wrong_fraction(settings: Settings) -> str | None:
    sizing = settings.sizing
    if sizing.rule == "equity_fraction":
        if not sizing.equity_fraction:
            return 'sizing.rule "equity_fraction" needs sizing.equity_fraction above 0'
        return None
    if sizing.equity_fraction:
        return f'sizing.equity_fraction is not for sizing.rule "{sizing.rule}"'
    return None if sizing.equity_fraction_max else f'sizing.rule "{sizing.rule}" needs sizing.equity_fraction_max, the most of any position'


def _without_strategies(settings: Settings) -> str | None:
    """Records are of strategies."""
    sizing = settings.sizing
    if sizing.rule == "kelly" and settings.gates is None:
        return 'sizing.rule "kelly" reads the strength of a signal, so the profile needs strategies and [gates]'
    wants = next((name for name in ("half_kelly", "combination") if getattr(sizing, name) is not None), None)
    return (
        f"[sizing.{wants}] reads the strategies' records, and this profile has no strategies" if wants and not settings.strategies else None
    )


def _probability_as_size(settings: Settings) -> str | None:
    """A probability of 0.5 is no half conviction: it says nothing of how far a price goes."""
    sizing, model = settings.sizing, settings.model
    if settings.strategies is not None or model.kind not in LEARNS or ANSWERS.get(model.label) != "probability":
        return None
    graded = sizing.rule == "volatility_target" or sizing.no_trade is not None
    graded = graded or (sizing.risk_fraction is not None and sizing.risk_fraction.by_conviction)
    return f'[sizing] scales by a forecast in [-1, 1], and model.label "{model.label}" answers with a probability' if graded else None


def _crossed_bounds(settings: Settings) -> str | None:
    target, leverage, kelly = settings.sizing.volatility_target, settings.sizing.leverage, settings.sizing.kelly
    if target is not None and target.volatility_floor > target.volatility_ceiling:
        return f"sizing.volatility_target: volatility_floor {target.volatility_floor:g} > volatility_ceiling {target.volatility_ceiling:g}"
    if target is not None and target.weight_min > target.weight_max:
        return f"sizing.volatility_target: weight_min {target.weight_min:g} > weight_max {target.weight_max:g}"
    if leverage is not None and leverage.lowest > leverage.highest:
        return f"sizing.leverage: lowest {leverage.lowest:g} > highest {leverage.highest:g}"
    if kelly is not None and kelly.floor > kelly.cap:
        return f"sizing.kelly: floor {kelly.floor:g} > cap {kelly.cap:g}"
    return None


def _band_too_cheap(settings: Settings) -> str | None:
    """As selection.performance.cost_bps: half the spread, and on average half the fee on sells, for each side."""
    band = settings.sizing.no_trade
    if band is None or settings.costs.zero:
        return None
    least = settings.costs.half_spread_bps + settings.costs.sec_fee_usd_per_million / 200.0
    if band.cost_bps >= least - 1e-9:
        return None
    return (
        f"sizing.no_trade.cost_bps {band.cost_bps:g} is less than the profile's own costs, {least:.3g} a side: half the spread and the fee"
    )


SIZING_CONTRADICTIONS: Final[tuple[tuple[str, Contradiction], ...]] = (
    ("sizing.rule", _wrong_section),
    ("sizing.equity_fraction", _wrong_fraction),
    ("sizing.rule", _without_strategies),
    ("sizing.rule", _probability_as_size),
    ("sizing.rule", _crossed_bounds),
    ("sizing.no_trade.cost_bps", _band_too_cheap),
)
