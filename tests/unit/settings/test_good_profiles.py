from __future__ import annotations

import datetime as dt
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.architecture.source_files import ROOT
from tests.unit.settings.conftest import WriteProfile
from tradebot.core.features.catalogue import FEATURES
from tradebot.core.features.sets import SETS, feature_names
from tradebot.settings import as_tree, home_dir, load_settings, part_of

PROFILES = sorted(path.stem for path in (ROOT / "config").glob("*.toml") if path.stem != "base")


@pytest.mark.parametrize("profile", PROFILES)
def test_every_committed_profile_loads(profile: str) -> None:
    settings = load_settings(profile, {})
    assert settings.profile == profile
    assert settings.about
    assert settings.engine.profile == profile
    assert not settings.round_trip.is_zero
    assert settings.broker.url == "https://paper-api.alpaca.markets"


def test_active_stocks_is_what_the_specification_says() -> None:
    settings = load_settings("active_stocks", {})
    assert settings.entry.confidence_min == 0.65
    assert (settings.entry.price_usd_min, settings.entry.price_usd_max) == (1.0, 20.0)
    assert (settings.sizing.equity_fraction, settings.sizing.max_shares) == (0.01, 5)
    assert (settings.exits.stop_fraction, settings.exits.target_fraction) == (0.02, 0.04)
    assert settings.limits.positions_max == 10
    assert settings.universe.screen == "most_active"
    assert (settings.training.kind, settings.training.trees, settings.training.label) == ("random_forest", 200, "triple_barrier")
    assert (settings.training.price_usd_min, settings.training.price_usd_max) == (1.0, 20.0)
    assert (settings.timetable.rebalance, settings.timetable.retrain) == (dt.time(4), dt.time(20))
    assert settings.timetable.zone == "America/New_York"


def test_demo_is_an_overlay_of_active_stocks() -> None:
    demo, parent = load_settings("demo", {}), load_settings("active_stocks", {})
    assert demo.exits == parent.exits
    assert demo.limits == replace(parent.limits, price_usd_min="off", price_usd_max="off")
    assert demo.model.label == "forward_15m_beats_cost"
    assert demo.entry.confidence_min < parent.entry.confidence_min
    assert demo.entry.price_usd_max == 0.0
    assert demo.universe.symbols == ("SPY", "BAC", "AIG", "IBM")


def test_profile_by_path_finds_its_parent(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("elsewhere") / "strict.toml"
    path.write_text('extends = "active_stocks"\n[entry]\nconfidence_min = 0.9\n')
    settings = load_settings(str(path), {"TRADEBOT_HOME": str(home)})
    assert settings.profile == "strict"
    assert settings.entry.confidence_min == 0.9
    assert settings.entry.price_usd_max == 20.0


def test_environment_has_the_last_word(home: Path) -> None:
    environment = {
        "TRADEBOT_HOME": str(home),
        "TRADEBOT__ENTRY__CONFIDENCE_MIN": "0.7",
        "TRADEBOT__UNIVERSE__SYMBOLS": '["F"]',
        "TRADEBOT__UNIVERSE__SCREEN": "",
        "TRADEBOT__JOURNAL__URL": "postgresql://me:hidden@localhost/journal",
    }
    settings = load_settings("active_stocks", environment)
    assert settings.entry.confidence_min == 0.7
    assert settings.universe.symbols == ("F",)
    assert settings.journal_url == "postgresql://me:hidden@localhost/journal"
    assert as_tree(settings)["journal"]["url"] == "postgresql://me:***@localhost/journal"


def test_folders_count_from_home(home: Path) -> None:
    settings = load_settings("active_stocks", {"TRADEBOT_HOME": str(home)})
    assert settings.state_dir == home / "data" / "state" / "active_stocks"
    assert settings.data.folder == home / "data" / "bars"
    assert settings.features_dir == home / "data" / "features" / "active_stocks"
    assert settings.journal_url == f"sqlite:///{home}/data/state/active_stocks/journal.sqlite3"
    assert home_dir({}) == ROOT


def test_socket_path_fits_into_a_socket_address(home: Path) -> None:
    deep = str(home / ("x" * 100))
    near = load_settings("demo", {"TRADEBOT_HOME": str(home), "TRADEBOT__STATE_DIR": "/s"})
    far = load_settings("demo", {"TRADEBOT_HOME": str(home), "TRADEBOT__STATE_DIR": deep})
    assert near.socket_path == Path("/s/demo/api.sock")
    assert far.socket_path.parent == Path("/tmp")
    assert far.socket_path == load_settings("demo", {"TRADEBOT_HOME": str(home), "TRADEBOT__STATE_DIR": deep}).socket_path


def test_integers_are_fine_where_fractions_are(write_profile: WriteProfile, home: Path) -> None:
    write_profile('extends = "active_stocks"\n[entry]\nprice_usd_min = 2\n')
    assert load_settings("mine", {"TRADEBOT_HOME": str(home)}).entry.price_usd_min == 2.0


def test_part_of_a_tree() -> None:
    tree = as_tree(load_settings("active_stocks", {}))
    assert part_of(tree, "exits.stop_fraction") == 0.02
    assert part_of(tree, "") == tree


@pytest.mark.parametrize("name", SETS)
def test_features_by_set(name: str) -> None:
    chosen = load_settings("active_stocks", {"TRADEBOT__MODEL__FEATURES": f'"{name}"'}).training.features
    assert chosen == name
    assert feature_names(chosen) == SETS[name]
    assert {f.name for f in FEATURES} >= set(SETS[name])


def test_features_by_name_in_the_order_of_the_profile(write_profile: WriteProfile, home: Path) -> None:
    write_profile('extends = "active_stocks"\n[model]\nfeatures = ["vwap", "close"]\n')
    settings = load_settings("mine", {"TRADEBOT_HOME": str(home)})
    assert feature_names(settings.training.features) == ("vwap", "close")
    assert as_tree(settings)["model"]["features"] == ["vwap", "close"]


def test_a_set_is_checked_without_the_compiled_catalogue() -> None:
    code = "import sys; from tradebot.settings import load_settings; load_settings('active_stocks', {}); print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
