"""[limits]: every key is said by a file, "off" is a word, and 0 or false is no way to lift a limit."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture.source_files import ROOT
from tests.unit.settings.test_good_profiles import PROFILES
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.risk.limits import LimitsConfig, self_test
from tradebot.settings import load_settings
from tradebot.settings.check import LIMIT_KEYS

README = (ROOT / "config" / "README.md").read_text()


def fault(home: Path, limits: str) -> str:
    (home / "config" / "mine.toml").write_text(f'extends = "active_stocks"\n[limits]\n{limits}\n')
    with pytest.raises(OperatorFault) as raised:
        load_settings("mine", {"TRADEBOT_HOME": str(home)})
    return str(raised.value)


@pytest.mark.parametrize("key", LIMIT_KEYS)
def test_each_key_must_be_said_by_a_file(key: str, home: Path) -> None:
    for name in ("base.toml", "active_stocks.toml"):
        path = home / "config" / name
        head, limits, tail = path.read_text().partition("[limits]")
        path.write_text(head + limits + re.sub(rf"(?m)^{key} = .*\n", "", tail, count=1))
    with pytest.raises(OperatorFault, match=rf"^active_stocks.toml: missing key limits.{key}$"):
        load_settings("active_stocks", {"TRADEBOT_HOME": str(home)})


@pytest.mark.parametrize("key", LIMIT_KEYS)
def test_each_key_is_explained(key: str) -> None:
    assert f"`{key}`" in README


@pytest.mark.parametrize("key", [key for key in LIMIT_KEYS if key != "cash_borrowed_fraction_max"])
@pytest.mark.parametrize("value", ["0", "false", "-1", '"of"', "nan"])
def test_nothing_but_a_word_lifts_a_limit(key: str, value: str, home: Path) -> None:
    told = fault(home, f"{key} = {value}")
    assert re.match(rf"mine.toml: limits.{key} = .* is not possible: it must be .*", told), told


def test_what_is_never_off(home: Path) -> None:
    never = [key for key in LIMIT_KEYS if "off" not in str(LimitsConfig.__annotations__[key]).lower()]
    assert never == [
        "positions_max", "order_usd_max", "daily_loss_fraction_max", "group_correlation_min", "buying_power_multiple",
        "cash_borrowed_fraction_max", "var_confidence", "unknown_volatility_fraction", "price_collar_fraction", "data_age_s_max",
    ]  # fmt: skip
    for key in never:
        assert fault(home, f'{key} = "off"').startswith(f'mine.toml: limits.{key} = "off" is not possible')


def test_prices_that_cross_and_a_bound_below_any_order(home: Path) -> None:
    assert fault(home, "price_usd_min = 30.0") == "mine.toml: limits.price_usd_min 30 > limits.price_usd_max 20"
    assert fault(home, "order_usd_max = 0.5") == ("mine.toml: the limit order_too_large refuses a fine order: order_usd 1.05 > 0.5")
    assert fault(home, "sectors = { F = 3 }").startswith("mine.toml: limits.sectors.F = 3 is not possible")


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profiles_limits_pass_their_own_test_and_its_symbols_have_a_sector(profile: str) -> None:
    settings = load_settings(profile, {})
    assert self_test(settings.limits) == ()
    assert [s for s in settings.universe.symbols if s not in settings.limits.sectors] == []
