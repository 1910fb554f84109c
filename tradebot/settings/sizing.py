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


def _kelly_without_gates(settings: Settings) -> str | None:
    if settings.sizing.rule != "kelly" or settings.gates is not None:
        return None
    return 'sizing.rule "kelly" reads the strength of a signal, so the profile needs strategies and [gates]'


def _half_kelly_without_strategies(settings: Settings) -> str | None:
    return _no_records("half_kelly") if settings.sizing.half_kelly is not None and settings.strategies is None else None


def _combination_without_strategies(settings: Settings) -> str | None:
    return _no_records("combination") if settings.sizing.combination is not None and settings.strategies is None else None


def _no_records(section: str) -> str:
    return f"[sizing.{section}] reads the strategies' records, and this profile has no strategies"


def _probability_as_size(settings: Settings) -> str | None:
    """A probability of 0.5 is no half conviction: it says nothing of how far a price goes."""
    sizing, model = settings.sizing, settings.model
    if settings.strategies is not None or model.kind not in LEARNS or ANSWERS.get(model.label) != "probability":
        return None
    graded = sizing.rule == "volatility_target" or sizing.no_trade is not None
    graded = graded or (sizing.risk_fraction is not None and sizing.risk_fraction.by_conviction)
    return f'[sizing] scales by a forecast in [-1, 1], and model.label "{model.label}" answers with a probability' if graded else None


def _crossed_volatilities(settings: Settings) -> str | None:
    rule = settings.sizing.volatility_target
    return _crossed("volatility_target", "volatility_floor", "volatility_ceiling", rule)


def _crossed_weights(settings: Settings) -> str | None:
    return _crossed("volatility_target", "weight_min", "weight_max", settings.sizing.volatility_target)


def _crossed_leverage(settings: Settings) -> str | None:
    return _crossed("leverage", "lowest", "highest", settings.sizing.leverage)


def _crossed_kelly(settings: Settings) -> str | None:
    return _crossed("kelly", "floor", "cap", settings.sizing.kelly)


def _crossed(section: str, low: str, high: str, numbers: object) -> str | None:
    """A section's lower bound above its upper one."""
    if numbers is None or getattr(numbers, low) <= getattr(numbers, high):
        return None
    return f"sizing.{section}.{low} {getattr(numbers, low):g} > {high} {getattr(numbers, high):g}"


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


def _two_margins(settings: Settings) -> str | None:
    band = settings.sizing.no_trade
    if band is None or band.margin == "fixed" or not band.margin_bps:
        return None
    return 'sizing.no_trade.margin_bps is for margin = "fixed": a conformal margin is learned'


SIZING_CONTRADICTIONS: Final[tuple[tuple[str, Contradiction], ...]] = (
    ("sizing.rule", _wrong_section),
    ("sizing.equity_fraction", _wrong_fraction),
    ("sizing.rule", _kelly_without_gates),
    ("sizing.half_kelly", _half_kelly_without_strategies),
    ("sizing.combination", _combination_without_strategies),
    ("sizing.no_trade", _probability_as_size),
    ("sizing.volatility_target.volatility_floor", _crossed_volatilities),
    ("sizing.volatility_target.weight_min", _crossed_weights),
    ("sizing.leverage.lowest", _crossed_leverage),
    ("sizing.kelly.floor", _crossed_kelly),
    ("sizing.no_trade.cost_bps", _band_too_cheap),
    ("sizing.no_trade.margin_bps", _two_margins),
)
