"""`tradebot search` from outside: trials kept, counted in the ledger, and told with what luck would find."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.source_files import ROOT
from tests.unit.cli.conftest import Call
from tests.unit.cli.test_cli import is_one_sentence
from tradebot.app.kernels import ready_kernels
from tradebot.learning.evidence.ledger import Ledger

pytestmark = pytest.mark.timeout(600)  # whoever comes first on a new state of the source compiles it
SMALL = {
    "TRADEBOT__UNIVERSE__SYMBOLS": '["SPY"]', "TRADEBOT__MODEL__TREES": "8", "TRADEBOT__MODEL__DEPTH": "3", "TRADEBOT__MODEL__JOBS": "1",
    "TRADEBOT__MODEL__KIND": "xgboost", "TRADEBOT__DATA__FOLDER": "data/bars",
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def kernels() -> None:
    """Compiled before a command is timed."""
    ready_kernels(print)


@pytest.fixture
def bars(home: Path) -> Path:
    """SPY's sessions of January 2011 and nothing else."""
    folder = home / "data" / "bars"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "data" / "sample" / "SPY_1m_2011_01.parquet", folder)
    return folder


def searched(tradebot: Call, trials: int, **environment: str) -> Any:
    answer = tradebot("search", "--profile", "demo", "--trials", str(trials), "--folds", "2", "--json", **(SMALL | environment))
    assert answer.code == 0, answer.err
    return json.loads(answer.out)


def test_a_search_goes_on_and_every_look_is_in_the_ledger(tradebot: Call, bars: Path) -> None:
    first = searched(tradebot, 2)
    assert (first["trials"], first["made_now"], first["held_out_sessions"]) == (2, 2, 4)
    ledger = Ledger(bars.parent / "trials.jsonl")
    looked = len(ledger.trials("demo"))
    second = searched(tradebot, 3)
    assert (second["trials"], second["made_now"], second["study"]) == (3, 1, first["study"])
    own, best = second["values"]
    assert (own["which"], own["trial"], own["trees"], own["depth"]) == ("the profile's own", 0, 8, 3)
    assert own["score"] == first["values"][0]["score"] and best["score"] <= own["score"]
    assert second["gain"] == pytest.approx(own["score"] - best["score"])
    assert second["held_out_gain"] == pytest.approx(own["held_out"] - best["held_out"])
    pasted = tomllib.loads(second["toml"])["model"]
    assert pasted == {key: best[key] for key in ("trees", "depth", "min_leaf", "learning_rate")}
    trials = ledger.trials("demo")
    folded = [t for t in trials if not t.note.endswith("held out")]
    assert [t.what for t in trials] == ["search"] * len(trials) and len(folded) == 3
    assert looked == 2 + len({v["trial"] for v in first["values"]})
    assert len(trials) == 3 + len({v["trial"] for v in (*first["values"], *second["values"])}), "a held-out score is looked at once"
    assert folded[0].toggles == {} and set(folded[1].toggles) <= {f"model.{key}" for key in pasted}
    assert folded[0].score == own["score"] and folded[0].sessions == second["sessions"]
    assert (bars.parent / "search" / "demo.db").is_file()
    text = tradebot("search", "--profile", "demo", "--trials", "3", "--folds", "2", **SMALL)
    assert text.code == 0 and "[model]" in text.out and "gain_by_luck" in text.out and "looks better than it is" in text.out
    assert len(ledger.trials("demo")) == len(trials)


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        (("--profile", "living_lab"), {"TRADEBOT__UNIVERSE__SYMBOLS": '["SPY"]'}, 'a model of kind "none" isn\'t searched'),
        (("--profile", "demo", "--until", "2011-01-03"), SMALL, "rows are too few to train on"),
        (("--profile", "demo", "--folds", "2"), SMALL | {"TRADEBOT__MODEL__LABEL": "triple_barrier"}, "all"),
        (("--profile", "demo", "--bars", "nowhere"), SMALL, "nowhere: there is no such folder of bars"),
    ],
)
def test_what_cannot_be_searched_is_one_sentence(
    arguments: tuple[str, ...], environment: dict[str, str], sentence: str, tradebot: Call, bars: Path
) -> None:
    answer = tradebot("search", *arguments, "--trials", "2", **environment)
    assert answer.code == 1, answer.out
    assert is_one_sentence(answer.err.splitlines(keepends=True)[-1])
    assert sentence in answer.err
    assert not (bars.parent / "trials.jsonl").exists()
