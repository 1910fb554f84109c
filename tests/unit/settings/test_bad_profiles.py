"""Every bad input is one sentence that names the file, the key and, for a slip of the pen, the nearest valid name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.settings.conftest import WriteProfile
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.sets import SETS
from tradebot.settings import as_tree, home_dir, load_settings, part_of

PARENT = 'extends = "active_stocks"\n'

BAD = [
    ("[entry]\nconfidense_min = 0.7", 'mine.toml: unknown key entry.confidense_min; did you mean "confidence_min"?'),
    ("[entri]\nconfidence_min = 0.7", 'mine.toml: unknown key entri; did you mean "entry"?'),
    ("[model]\nzzz = 1", "mine.toml: unknown key model.zzz"),
    ("[entry]\nconfidence_min = 1.5", "mine.toml: entry.confidence_min = 1.5 is not possible: it must be less than or equal to 1"),
    ("[entry]\nconfidence_min = 0", "mine.toml: entry.confidence_min = 0 is not possible: it must be greater than 0"),
    ("[entry]\nconfidence_min = nan", "mine.toml: entry.confidence_min = nan is not possible: it must be a finite number"),
    ("[entry]\nconfidence_min = inf", "mine.toml: entry.confidence_min = inf is not possible: it must be a finite number"),
    ('[entry]\nconfidence_min = "0.7"', 'mine.toml: entry.confidence_min = "0.7" is not possible: it must be a valid number'),
    ("[entry]\nconfidence_min = true", "mine.toml: entry.confidence_min = true is not possible: it must be a valid number"),
    ("[entry.confidence_min]\nx = 1", 'mine.toml: entry.confidence_min = {"x":1} is not possible: it must be a valid number'),
    ("[sizing]\nmax_shares = 1.5", "mine.toml: sizing.max_shares = 1.5 is not possible: it must be a valid integer"),
    ("[sizing]\nmax_shares = -1", "mine.toml: sizing.max_shares = -1 is not possible: it must be greater than or equal to 0"),
    ("entry = 3", "mine.toml: entry = 3 is not possible: it must be a table"),
    ('[universe]\nsymbols = ["F", 3]', "mine.toml: universe.symbols.1 = 3 is not possible: it must be a valid string"),
    ('[data]\nfeed = "sipp"', "mine.toml: data.feed = \"sipp\" is not possible: it must be 'iex', 'sip' or 'delayed_sip'"),
    (
        '[model]\nkind = "forest"',
        'mine.toml: model.kind = "forest" is not possible: '
        "it must be 'random_forest', 'gradient_boosting', 'xgboost', 'xgboost_regression', 'dollar_profit', 'lstm', 'attention', "
        "'ensemble', 'institutional', 'meta_selector', 'regimes' or 'none'",
    ),
    ('[universe]\nscreen = ""', 'mine.toml: the universe is empty: name universe.symbols or set universe.screen = "most_active"'),
    ('[universe]\nsymbols = ["F"]', "mine.toml: universe.symbols and universe.screen exclude each other"),
    ('[universe]\nscreen = ""\nsymbols = ["F", "F"]', "mine.toml: universe.symbols names F twice"),
    ('[universe]\nscreen = ""\nsymbols = ["f!"]', "mine.toml: universe.symbols: 'f!' is no symbol"),
    ("[entry]\nprice_usd_min = 30", "mine.toml: entry.price_usd_min 30 > entry.price_usd_max 20"),
    (
        "[costs]\nhalf_spread_bps = 0\nhalf_spread_usd_min = 0\nsec_fee_usd_per_million = 0\ntaf_usd_per_share = 0\n"
        "impact_y = 0\nborrow_bps_per_year = 0",
        "mine.toml: all costs are 0: a run without costs must be asked for with costs.zero = true",
    ),
    ("[costs]\nzero = true", "base.toml: costs.zero is true, but costs are set"),
    (
        '[model]\nfeatures = "scal_free"',
        f'mine.toml: model.features: there is no set "scal_free"; did you mean "scale_free"? (sets: {", ".join(SETS)})',
    ),
    ('[model]\nfeatures = ["close", "vwapp"]', 'mine.toml: model.features: there is no feature "vwapp"; did you mean "vwap"?'),
    ('[model]\nfeatures = ["close", "zzzzzz"]', 'mine.toml: model.features: there is no feature "zzzzzz"'),
    ('[model]\nfeatures = ["close", "close"]', "mine.toml: model.features names close twice"),
    ("[model]\nfeatures = []", "mine.toml: model.features names no feature"),
    ("[model]\nfeatures = 3", "mine.toml: model.features = 3 is not possible: it must be a valid string or a valid array"),
    ('[model]\nfeatures = ["close", 3]', "mine.toml: model.features.1 = 3 is not possible: it must be a valid string"),
    ("[model]\nfeatures = {a = 1}", 'mine.toml: model.features = {"a":1} is not possible: it must be a valid string or a valid array'),
    ("[execution]\nlimit_band_bps = 400", "mine.toml: execution.limit_band_bps 400 reaches beyond exits.target_fraction 0.04 (400 bps)"),
    ('[exits]\nmode = "moving"', "mine.toml: exits.mode = \"moving\" is not possible: it must be 'fixed' or 'adaptive'"),
    ("[exits]\npeak_giveback = 1", "mine.toml: exits.peak_giveback = 1 is not possible: it must be less than 1"),
    (
        '[exits]\nmode = "adaptive"\n[execution]\nlimit_band_bps = 120',
        "mine.toml: execution.limit_band_bps 120 reaches beyond the nearest target, 0.01 (100 bps)",
    ),
    ("[execution]\nlimit_band_bps = 0", "mine.toml: execution.limit_band_bps = 0 is not possible: it must be greater than 0"),
    (
        '[execution]\nentry_order = "limit"',
        "mine.toml: execution.entry_order = \"limit\" is not possible: it must be 'market', 'marketable_limit' or 'by_spread'",
    ),
    ("[execution]\npatience_s = 1", 'mine.toml: unknown key execution.patience_s; did you mean "entry_patience_s"?'),
    ('[timetable]\nzone = "Mars/Olympus"', 'mine.toml: timetable.zone "Mars/Olympus" is no time zone, e.g. "America/New_York"'),
    ('[timetable]\nretrain = "03:00"', "mine.toml: timetable.rebalance 04:00 is not before timetable.retrain 03:00"),
]


def fault_of(profile: str, home: Path, **environment: str) -> str:
    with pytest.raises(OperatorFault) as caught:
        load_settings(profile, {"TRADEBOT_HOME": str(home)} | environment)
    return str(caught.value)


@pytest.mark.parametrize(("text", "sentence"), BAD, ids=[text.replace("\n", " ") for text, _ in BAD])
def test_bad_value(text: str, sentence: str, write_profile: WriteProfile, home: Path) -> None:
    write_profile(PARENT + text)
    assert fault_of("mine", home) == sentence


@pytest.mark.parametrize(("key", "text"), [("rebalance", "25:00"), ("retrain", "late"), ("retrain", "8pm")])
def test_bad_time(key: str, text: str, write_profile: WriteProfile, home: Path) -> None:
    write_profile(f'{PARENT}[timetable]\n{key} = "{text}"')
    assert fault_of("mine", home).startswith(f'mine.toml: timetable.{key} = "{text}" is not possible: it must be in a valid time format')


@pytest.mark.parametrize("url", ["alpaca", "ftp://x", "http://example.com", "https://host/path"])
def test_bad_address(url: str, write_profile: WriteProfile, home: Path) -> None:
    write_profile(f'{PARENT}[broker]\nurl = "{url}"')
    assert fault_of("mine", home).startswith("mine.toml: broker.url: ")


def test_zero_cost_asked_for_by_name(write_profile: WriteProfile, home: Path) -> None:
    zero = "half_spread_bps = 0\nhalf_spread_usd_min = 0\nsec_fee_usd_per_million = 0\ntaf_usd_per_share = 0\n"
    zero += "impact_y = 0\nborrow_bps_per_year = 0\nzero = true"
    write_profile(f"{PARENT}[costs]\n{zero}")
    assert load_settings("mine", {"TRADEBOT_HOME": str(home)}).round_trip.is_zero


@pytest.mark.parametrize("section", ["entry", "sizing", "exits", "limits"])
def test_no_limit_has_a_default(section: str, home: Path) -> None:
    text = (home / "config" / "active_stocks.toml").read_text()
    head, tail = text.split(f"[{section}]", 1)
    (home / "config" / "mine.toml").write_text(head + "[" + tail.split("\n[", 1)[-1] if "\n[" in tail else head)
    rest = ".positions_max (and 2 more)" if section == "limits" else ""  # base.toml says the others
    assert fault_of("mine", home) == f"mine.toml: missing key {section}{rest}"


def test_missing_key(home: Path) -> None:
    text = (home / "config" / "active_stocks.toml").read_text()
    (home / "config" / "mine.toml").write_text(text.replace("positions_max = 10", ""))
    assert fault_of("mine", home) == "mine.toml: missing key limits.positions_max"


def test_a_misspelt_key_is_told_before_the_missing_one_that_it_causes(home: Path) -> None:
    text = (home / "config" / "active_stocks.toml").read_text()
    (home / "config" / "mine.toml").write_text(text.replace("positions_max", "position_max"))
    assert fault_of("mine", home) == 'mine.toml: unknown key limits.position_max; did you mean "positions_max"? (and 1 more)'


def test_a_variable_is_named_as_the_place_of_its_fault(home: Path) -> None:
    assert fault_of("demo", home, TRADEBOT__ENTRY__CONFIDENCE_MIN="2").startswith(
        "TRADEBOT__ENTRY__CONFIDENCE_MIN: entry.confidence_min = 2 "
    )
    assert fault_of("demo", home, TRADEBOT__ENTRY__X="2") == "TRADEBOT__ENTRY__X: unknown key entry.x"
    assert fault_of("demo", home, TRADEBOT__BROKER__URL="x").startswith("TRADEBOT__BROKER__URL: broker.url: ")


def test_the_parent_is_named_when_the_fault_is_there(home: Path, write_profile: WriteProfile) -> None:
    write_profile('extends = "middle"')
    write_profile(PARENT + "[entry]\nconfidence_min = 7", "middle")
    assert fault_of("mine", home).startswith("middle.toml: entry.confidence_min = 7 ")


def test_unknown_profile_names_the_nearest(home: Path) -> None:
    assert fault_of("activ_stock", home).startswith('there is no profile activ_stock; did you mean "active_stocks"? (profiles: ')
    assert fault_of("nowhere/x.toml", home).startswith("there is no profile nowhere/x.toml")


def test_no_config_folder(tmp_path: Path) -> None:
    assert "TRADEBOT_HOME" in fault_of("demo", tmp_path)
    with pytest.raises(OperatorFault, match="is no folder"):
        home_dir({"TRADEBOT_HOME": str(tmp_path / "gone")})


def test_unknown_parent_and_circle(home: Path, write_profile: WriteProfile) -> None:
    write_profile('extends = "dem"')
    assert fault_of("mine", home).startswith('there is no profile dem; did you mean "demo"?')
    write_profile('extends = "other"')
    write_profile('extends = "mine"', "other")
    assert fault_of("mine", home) == "other.toml: extends goes in a circle: mine -> other -> mine"
    write_profile("extends = 3")
    assert fault_of("mine", home) == "mine.toml: extends must name one profile, not 3"


def test_not_toml(home: Path, write_profile: WriteProfile) -> None:
    write_profile("[entry\n")
    assert fault_of("mine", home).startswith("mine.toml is not valid TOML: ")
    (home / "config" / "mine.toml").write_bytes(b"\xff\xfe\x00")
    assert fault_of("mine", home) == "mine.toml is not a UTF-8 text file"


def test_part_that_is_not_there(home: Path) -> None:
    tree = as_tree(load_settings("demo", {"TRADEBOT_HOME": str(home)}))
    with pytest.raises(OperatorFault, match=r'there is no key exits\.stop; did you mean "stop_atrs"\?'):
        part_of(tree, "exits.stop")
    with pytest.raises(OperatorFault, match=r"there is no key profile\.x"):
        part_of(tree, "profile.x")
