"""A wrong combination under [sizing] is one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.settings.conftest import WriteProfile
from tradebot.core.domain.faults import OperatorFault
from tradebot.settings import load_settings

BAD = [
    ("active_stocks", '[sizing]\nrule = "kely"', "it must be 'equity_fraction', 'risk_fraction', 'kelly' or 'volatility_target'"),
    ("active_stocks", '[sizing]\nrule = "risk_fraction"', 'sizing.rule "risk_fraction" needs the section [sizing.risk_fraction]'),
    ("active_stocks", "[sizing.kelly]\nbase = 0.1", '[sizing.kelly] is not for sizing.rule "equity_fraction"'),
    ("active_stocks", "[sizing]\nequity_fraction = 0.0", 'sizing.rule "equity_fraction" needs sizing.equity_fraction above 0'),
    ("dollar_profit", "[sizing]\nequity_fraction = 0.1", 'sizing.equity_fraction is not for sizing.rule "risk_fraction"'),
    (
        "dollar_profit", "[sizing]\nequity_fraction_max = 0.0",
        'sizing.rule "risk_fraction" needs sizing.equity_fraction_max, the most of any position',
    ),
    ("dollar_profit", "[sizing.half_kelly]\nshare = 0.5", "[sizing.half_kelly] reads the strategies' records"),
    (
        "dollar_profit", '[sizing]\nrule = "kelly"',
        'sizing.rule "kelly" needs the section [sizing.kelly]',
    ),
    ("dollar_profit", "[sizing.risk_fraction]\nfraction = 0.2", "sizing.risk_fraction.fraction = 0.2 is not possible"),
    ("dollar_profit", "[sizing.risk_fraction]\nfractoin = 0.02", 'unknown key sizing.risk_fraction.fractoin; did you mean "fraction"?'),
    ("living_lab", "[sizing.volatility_target]\nvolatility_floor = 0.9\nvolatility_ceiling = 0.5", "floor 0.9 > volatility_ceiling 0.5"),
    ("living_lab", "[sizing.volatility_target]\nweight_min = 0.9\nweight_max = 0.5", "weight_min 0.9 > weight_max 0.5"),
    ("living_lab", "[sizing.no_trade]\ncost_bps = 0.1", "sizing.no_trade.cost_bps 0.1 is less than the profile's own costs, 0.303 a side"),
    ("living_lab", '[sizing.no_trade]\nmargin = "conformal"\nmargin_bps = 1.0', 'margin_bps is for margin = "fixed"'),
    ("meta_qqq", "[sizing.leverage]\nlowest = 3.5", "sizing.leverage.lowest 3.5 > highest 3"),
    ("meta_qqq", "[sizing.kelly]\nfloor = 0.5", "sizing.kelly.floor 0.5 > cap 0.4"),
    (
        "active_stocks", '[sizing]\nequity_fraction = 0.1\n[sizing.no_trade]\ncost_bps = 5.0',
        '[sizing] scales by a forecast in [-1, 1], and model.label "triple_barrier" answers with a probability',
    ),
]  # fmt: skip


@pytest.mark.parametrize(("parent", "text", "sentence"), BAD)
def test_one_sentence(parent: str, text: str, sentence: str, home: Path, write_profile: WriteProfile) -> None:
    write_profile(f'extends = "{parent}"\n{text}')
    with pytest.raises(OperatorFault) as fault:
        load_settings("mine", {"TRADEBOT_HOME": str(home)})
    assert sentence in str(fault.value)
    assert "mine.toml" in str(fault.value)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize(
    ("profile", "rule"),
    [
        ("meta_qqq", "kelly"),
        ("active_stocks", "equity_fraction"),
        ("institutional", "risk_fraction"),
        ("dollar_profit", "risk_fraction"),
        ("living_lab", "volatility_target"),
    ],
)
def test_each_system_sizes_as_its_document_says(profile: str, rule: str) -> None:
    assert load_settings(profile, {}).sizing.rule == rule
