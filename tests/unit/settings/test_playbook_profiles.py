"""Slips in a profile of strategies: one sentence each, with the nearest valid name."""

from __future__ import annotations

import pytest

from tradebot.core.domain.faults import OperatorFault
from tradebot.settings import load_settings

BAD = [
    ("STRATEGIES__NAMES", '["momentun"]', 'there is no strategy "momentun"; did you mean "momentum"?'),
    ("STRATEGIES__NAMES", '["momentum", "momentum"]', "strategies.names names momentum twice"),
    (
        "STRATEGIES__PARAMETERS__MOMENTUM__ADX_TRESHOLD",
        "20",
        'unknown key strategies.parameters.momentum.adx_treshold; did you mean "adx_threshold"?',
    ),
    ("STRATEGIES__PARAMETERS__MA_CROSS__X", "20", "strategies.parameters.ma_cross: that strategy is not among strategies.names"),
    (
        "REGIME__DETECTOR",
        "sevn",
        'there is no detector "sevn"; did you mean "seven"? (detectors: three, volatility_state, seven, hmm, learned)',
    ),
    (
        "REGIME__DETECTOR",
        "hmm",
        'model.kind "none" doesn\'t go with regime.detector "hmm": the detectors hmm and learned come from a model of',
    ),
    ("REGIME__DETECTOR", "learned", 'model.kind "none" doesn\'t go with regime.detector "learned"'),
    ("MODEL__KIND", "regimes", 'model.kind "regimes" doesn\'t go with regime.detector "seven"'),
    ("SELECTION__FORCAST_MIN", "0.1", 'unknown key selection.forcast_min; did you mean "forecast_min"?'),
    ("SELECTION__PERFORMANCE__LONG_ONLI", "true", 'unknown key selection.performance.long_onli; did you mean "long_only"?'),
    ("SELECTION__PERFORMANCE__COST_BPS", "0.1", "is less than the profile's own costs"),
    ("SELECTION__EXIT_BELOW", "0.9", "exit_below 0.9 > forecast_min"),
    ("SELECTION__MODE", "meta", 'model.kind "none" doesn\'t go with selection.mode "meta"'),
    ("MODEL__KIND", "random_forest", 'model.kind "random_forest" is a classifier, and this profile trades strategies'),
    ("ENTRY__CONFIDENCE_MIN", "0.5", "strategies have selection.forecast_min"),
    ("GATES__MOMENTUM_MIN", "-1", "gates.momentum_min = -1 is not possible"),
]


@pytest.mark.parametrize(("key", "value", "sentence"), BAD, ids=[f"{key} {value}" for key, value, _ in BAD])
def test_a_slip_is_one_sentence(key: str, value: str, sentence: str) -> None:
    with pytest.raises(OperatorFault) as fault:
        load_settings("living_lab", {f"TRADEBOT__{key}": value})
    assert sentence in str(fault.value)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize("detector", ["hmm", "learned"])
def test_learned_regimes_need_a_model_of_regimes_and_leave_the_choice_to_other_modes(detector: str) -> None:
    asked = {"TRADEBOT__REGIME__DETECTOR": detector, "TRADEBOT__MODEL__KIND": "regimes"}
    settings = load_settings("living_lab", asked)
    assert settings.regime is not None and (settings.regime.detector, settings.model.kind) == (detector, "regimes")
    with pytest.raises(OperatorFault, match=r"doesn't go with selection\.mode \"meta\""):
        load_settings("living_lab", {**asked, "TRADEBOT__SELECTION__MODE": "meta"})
    with pytest.raises(OperatorFault, match=r"doesn't go with regime\.detector"):
        load_settings("living_lab", {**asked, "TRADEBOT__SELECTION__MODE": "meta", "TRADEBOT__MODEL__KIND": "meta_selector"})


def test_regimes_are_for_strategies() -> None:
    with pytest.raises(OperatorFault, match=r'model\.kind "regimes" is for a profile of strategies'):
        load_settings("active_stocks", {"TRADEBOT__MODEL__KIND": "regimes"})


def test_gates_belong_to_strategies() -> None:
    with pytest.raises(OperatorFault, match="gates are for a profile of strategies"):
        load_settings("active_stocks", {"TRADEBOT__GATES__MOMENTUM_MIN": "0.1"})


def test_half_a_playbook_is_none() -> None:
    with pytest.raises(OperatorFault, match="it lacks strategies and selection"):
        load_settings("active_stocks", {"TRADEBOT__REGIME__DETECTOR": "seven", "TRADEBOT__REGIME__PERSISTENCE_BARS": "3"})


def test_the_playbook_carries_the_strategies_own_longest_hold() -> None:
    from tradebot.core.features.catalogue import FEATURES
    from tradebot.core.opinions.playbook import Playbook

    settings = load_settings("meta_qqq", {})
    assert settings.playbook is not None
    book = Playbook.of(settings.playbook, tuple(f.name for f in FEATURES))
    holds = book.config.selection.performance.max_hold_bars
    assert dict(zip(book.strategy_names, holds, strict=True))["hf_scalping"] == 5
