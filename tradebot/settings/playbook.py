"""What may be wrong with a profile's strategies, between keys that are each possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tradebot.core.regime.catalogue import DETECTORS, LEARNED
from tradebot.core.strategies.catalogue import STRATEGIES
from tradebot.settings.files import nearest
from tradebot.settings.sections import Settings

Contradiction = Callable[[Settings], str | None]


def _half_a_playbook(settings: Settings) -> str | None:
    sections = {"strategies": settings.strategies, "regime": settings.regime, "selection": settings.selection}
    missing = [name for name, section in sections.items() if section is None]
    if len(missing) in (0, len(sections)):
        return None
    return f"a profile of strategies needs strategies, regime and selection; it lacks {' and '.join(missing)}"


def _gates_without_strategies(settings: Settings) -> str | None:
    return "gates are for a profile of strategies, and this one has none" if settings.gates and settings.strategies is None else None


def _unknown_strategy(settings: Settings) -> str | None:
    if settings.strategies is None:
        return None
    known, names = [s.name for s in STRATEGIES], settings.strategies.names
    strange = next((name for name in names if name not in known), None)
    if strange is not None:
        return f'strategies.names: there is no strategy "{strange}"{nearest(strange, known)} (strategies: {", ".join(known)})'
    twice = next((name for name in names if names.count(name) > 1), None)
    return f"strategies.names names {twice} twice" if twice else None


def _unknown_parameter(settings: Settings) -> str | None:
    if settings.strategies is None:
        return None
    by_name = {s.name: s for s in STRATEGIES}
    for name, numbers in settings.strategies.parameters.items():
        if name not in settings.strategies.names:
            return (
                f"strategies.parameters.{name}: that strategy is not among strategies.names{nearest(name, list(settings.strategies.names))}"
            )
        known = list(by_name[name].parameters)
        strange = next((number for number in numbers if number not in known), None)
        if strange is not None:
            return f"unknown key strategies.parameters.{name}.{strange}{nearest(strange, known)}"
    return None


def _unknown_detector(settings: Settings) -> str | None:
    known = [*DETECTORS, *LEARNED]
    if settings.regime is None or settings.regime.detector in known:
        return None
    asked = settings.regime.detector
    return f'regime.detector: there is no detector "{asked}"{nearest(asked, known)} (detectors: {", ".join(known)})'


def _wrong_model(settings: Settings) -> str | None:
    kind, selection, regime = settings.model.kind, settings.selection, settings.regime
    of_strategies = kind in ("meta_selector", "regimes", "none")
    if settings.strategies is None or selection is None or regime is None:
        return f'model.kind "{kind}" is for a profile of strategies' if of_strategies else None
    if (kind == "regimes") != (regime.detector in LEARNED):
        why = f"the detectors {' and '.join(LEARNED)} come from a model of regimes, and no other detector does"
        return f'model.kind "{kind}" doesn\'t go with regime.detector "{regime.detector}": {why}'
    if (kind == "meta_selector") != (selection.mode == "meta"):
        why = "a meta_selector serves the mode meta, and nothing else does"
        return f'model.kind "{kind}" doesn\'t go with selection.mode "{selection.mode}": {why}'
    return f'model.kind "{kind}" is a classifier, and this profile trades strategies' if not of_strategies else None


def _strategies_too_cheap(settings: Settings) -> str | None:
    """A strategy judged at less than it costs to trade looks better than it is."""
    if settings.selection is None or settings.costs.zero:
        return None
    asked = settings.selection.performance.cost_bps
    least = settings.costs.half_spread_bps + settings.costs.sec_fee_usd_per_million / 200.0  # of both sides one pays the fee
    if asked >= least - 1e-9:
        return None
    return f"selection.performance.cost_bps {asked:g} is less than the profile's own costs, {least:.3g} a side: half the spread and the fee"


def _no_threshold(settings: Settings) -> str | None:
    if settings.strategies is None:
        return None if settings.entry.confidence_min else "entry.confidence_min = 0 is not possible: it must be greater than 0"
    return "entry.confidence_min is a classifier's; strategies have selection.forecast_min" if settings.entry.confidence_min else None


PLAYBOOK_CONTRADICTIONS: Final[tuple[tuple[str, Contradiction], ...]] = (
    ("strategies.names", _half_a_playbook),
    ("gates.signal_strength_min", _gates_without_strategies),
    ("strategies.names", _unknown_strategy),
    ("strategies.parameters", _unknown_parameter),
    ("regime.detector", _unknown_detector),
    ("model.kind", _wrong_model),
    ("entry.confidence_min", _no_threshold),
    ("selection.performance.cost_bps", _strategies_too_cheap),
)
