"""`tradebot features` from outside: what is known of each feature, the proofs on any bars, and the store."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.architecture.source_files import ROOT
from tests.unit.cli.conftest import Call
from tests.unit.cli.test_cli import is_one_sentence
from tradebot.app.features import sentence
from tradebot.app.kernels import ready_kernels
from tradebot.core.features.catalogue import FEATURES, family_of, schema_hash
from tradebot.core.features.sets import SETS
from tradebot.learning.proofs.difference import Difference

BARS = ("BAC", "SPY")
pytestmark = pytest.mark.timeout(600)  # whoever comes first on a new state of the source compiles it


@pytest.fixture(scope="module", autouse=True)
def kernels() -> None:
    """Compiled before a command is timed."""
    ready_kernels(print)


@pytest.fixture
def bars(home: Path) -> Path:
    """The sessions of October 2013 of two symbols, with quotes."""
    folder = home / "mine"
    folder.mkdir()
    for symbol in BARS:
        for path in (ROOT / "data" / "sample").glob(f"{symbol}_1m_*_2013_10.parquet"):
            shutil.copy(path, folder)
    return folder


def ask(tradebot: Call, *arguments: str, **environment: str) -> Any:
    answer = tradebot("features", *arguments, "--json", **environment)
    assert answer.code == 0, answer.err
    return json.loads(answer.out)


def closes_of_spy(bars: Path) -> dict[int, float]:
    """By minute_ns, as the file has them."""
    table = pq.read_table(next(bars.glob("SPY_1m_trades*")))
    stamps = table.column("timestamp").cast(pa.timestamp("ns", "UTC")).cast(pa.int64()).to_pylist()
    return dict(zip(stamps, table.column("close").to_pylist(), strict=True))


def test_list_is_the_catalogue(tradebot: Call) -> None:
    report = ask(tradebot, "list")
    assert [row["name"] for row in report["features"]] == [f.name for f in FEATURES]
    assert report["count"] == len(FEATURES)
    assert report["schema_hash"] == schema_hash(tuple(f.name for f in FEATURES))
    row = next(r for r in report["features"] if r["name"] == "macd")
    feature = next(f for f in FEATURES if f.name == "macd")
    assert row == {
        "name": "macd", "family": "macd", "unit": "usd", "warm_up_bars": feature.warm_up_bars, "scale_free": False, "version": 1,
        "formula": feature.formula,
    }  # fmt: skip


def test_list_by_family_set_and_scale(tradebot: Call) -> None:
    chosen = [row["name"] for row in ask(tradebot, "list", "--set", "raw")["features"]]
    assert chosen == list(SETS["raw"])
    assert ask(tradebot, "list", "--set", "raw")["schema_hash"] == schema_hash(SETS["raw"])
    both = ask(tradebot, "list", "--family", "macd", "--scale-free")["features"]
    assert [r["name"] for r in both] == [f.name for f in FEATURES if family_of(f.name) == "macd" and f.scale_free]
    text = tradebot("features", "list", "--family", "macd").out
    assert text.splitlines()[-1].split()[0] == "schema_hash"


@pytest.mark.parametrize(
    ("arguments", "nearest"),
    [
        (("show", "macd_re"), 'there is no feature macd_re; did you mean "macd_rel"?'),
        (("list", "--family", "prise"), 'there is no family prise; did you mean "price"?'),
        (("list", "--set", "scal_free"), 'there is no set scal_free; did you mean "scale_free"?'),
        (("show", "close", "--bars", "mine", "--symbol", "BACK"), 'there are no bars of BACK; did you mean "BAC"?'),
        (("show", "close", "--bars", "nowhere"), "nowhere: there is no such folder of bars"),
        (("show", "close", "--bars", "mine", "--symbol", "BAC", "--day", "2013-10-12"), "BAC has no session on 2013-10-12"),
        (("verify", "--bars", "mine", "--symbols", "IBM"), "there are no bars of IBM"),
        (("build",), "there is no such folder of bars"),
        (("latest",), "no features are stored; compute them with: tradebot features build --profile active_stocks"),
    ],
)
def test_what_is_not_there_is_one_sentence(arguments: tuple[str, ...], nearest: str, tradebot: Call, bars: Path) -> None:
    answer = tradebot("features", *arguments)
    assert answer.code == 1
    assert is_one_sentence(answer.err.splitlines(keepends=True)[-1]), "after what it was doing"
    assert nearest in answer.err
    assert answer.out == ""


def test_show_says_all_that_is_known(tradebot: Call, bars: Path) -> None:
    card = ask(tradebot, "show", "vwap_deviation")
    assert "values" not in card
    assert card["inputs"] == ["high", "low", "close", "volume", "session"]
    assert "Session VWAP" in card["about_the_family"]
    assert {"raw", "scale_free"} <= set(card["sets"])
    assert len(card["family_code_hash"]) == len(card["code_hash"]) == len(card["schema_hash"]) == 16
    last = ask(tradebot, "show", "close", "--bars", str(bars), "--symbol", "SPY", "--day", "2013-10-10", "--last", "3")
    assert (last["symbol"], last["session"]) == ("SPY", "2013-10-10")
    assert len(last["values"]) == 3
    closes = closes_of_spy(bars)
    assert [row["close"] for row in last["values"]] == [closes[row["minute_ns"]] for row in last["values"]]


def test_verify_any_bars(tradebot: Call, bars: Path) -> None:
    report = ask(tradebot, "verify", "--bars", str(bars), "--symbols", "BAC,SPY", "--sessions", "2")
    assert (report["verdict"], report["difference"]) == ("equal", None)
    assert (report["symbols"], report["sessions"], report["replayed_sessions"]) == (["BAC", "SPY"], 6, 2)
    assert report["choice"] == "the first, the last and 0 random ones of seed 7"
    assert min(report["values_compared"].values()) > 0
    assert all(minute.endswith(" EDT") for minute in report["restored_before"])
    assert not {f.name for f in FEATURES if not set(f.inputs) - {"open", "high", "low", "close", "volume"}} & set(report["absent_input"])
    assert ask(tradebot, "verify", "--bars", str(bars), "--symbols", "BAC", "--all")["choice"] == "all"


def test_a_difference_is_a_sentence_with_new_york_time() -> None:
    found = Difference("scan == steps", "BAC", 1_381_325_460 * 10**9, "macd", "0.5", "0.25")
    assert sentence(found) == "scan == steps: macd of BAC at 2013-10-09 09:31 EDT is 0.25, not 0.5"


def test_the_store_grows_and_is_read(tradebot: Call, bars: Path, home: Path) -> None:
    own = {"TRADEBOT__UNIVERSE__SYMBOLS": '["BAC", "SPY"]', "TRADEBOT__UNIVERSE__SCREEN": "", "TRADEBOT__DATA__FOLDER": str(bars)}
    first = ask(tradebot, "build", "--last", "2013-10-07", **own)
    assert (first["computed"], first["already_there"], first["last"]) == (2, 0, "2013-10-07")
    assert first["folder"].startswith(str(home / "features" / "active_stocks"))
    then = ask(tradebot, "build", **own)
    assert (then["computed"], then["already_there"]) == (4, 2)
    latest = ask(tradebot, "latest", "--symbols", "SPY", **own)
    [row] = latest["rows"]
    assert (row["symbol"], row["minute"], row["bars_seen"]) == ("SPY", "2013-10-11 15:59 EDT", 6 * 390)
    assert row["values"]["close"] == closes_of_spy(bars)[row["minute_ns"]]
    assert list(row["values"]) == [f.name for f in FEATURES]
    assert "2013-10-11 15:59 EDT, 2340 bars seen" in tradebot("features", "latest", **own).out
    assert "there is no row of SPZ" in tradebot("features", "latest", "--symbols", "SPZ", **own).err
    quality = ask(tradebot, "quality", "--sessions", "2", **own)
    assert (quality["against"], quality["recent"]) == ("the sessions before: 2013-10-04 to 2013-10-09", "2013-10-10 to 2013-10-11")
    rows = {row["feature"]: row for row in quality["features"]}
    assert rows.keys() == {f.name for f in FEATURES}
    assert (rows["close"]["missing_share"], rows["close"]["stale_min"]) == (0.0, 0)
    assert rows["close"]["drift"], "the market rose on the tenth"
    assert quality["drifted"] == sum(row["drift"] for row in rows.values())


def test_drift_is_measured_against_what_the_model_learned_from(tradebot: Call, bars: Path) -> None:
    small = {
        "TRADEBOT__UNIVERSE__SYMBOLS": '["BAC", "SPY"]',
        "TRADEBOT__DATA__FOLDER": str(bars),
        "TRADEBOT__MODEL__TREES": "3",
        "TRADEBOT__MODEL__ROWS_MIN": "50",
    }
    trained = tradebot("train", "-p", "demo", "--until", "2013-10-09", "--json", **small)
    assert trained.code == 0, trained.err
    model_id = json.loads(trained.out)["model_id"]
    first = ask(tradebot, "quality", "-p", "demo", "--sessions", "2", **small)
    assert first["against"] == f"training of {model_id}: 2013-10-07 to 2013-10-07", "its first rows are those of warm columns"
    again = ask(tradebot, "quality", "-p", "demo", "--sessions", "2", **small)
    assert again["against"] == f"training of {model_id}, as kept in the store"
    assert again["features"] == first["features"]


def test_show_prints_brackets_as_they_are(tradebot: Call) -> None:
    done = tradebot("features", "show", "autocorrelation_1")
    assert "(r[i] - m)(r[i-k] - m)" in done.out
