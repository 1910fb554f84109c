"""`tradebot models` from outside: list, show, compare, promote, rollback, export, mirror; one sentence for what it can't."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.source_files import ROOT
from tests.unit.learning.market import market
from tests.unit.serving.tamper import rewrite
from tradebot.cli import main
from tradebot.learning.config import TrainingConfig
from tradebot.learning.registry import Findings, save
from tradebot.learning.training import Trained, train
from tradebot.serving.manifest import AlarmRow, GateRow
from tradebot.serving.store import current_model, promote

FIRST_NS = 1_381_521_600_000_000_000  # 2013-10-11 20:00 UTC
NAMES = ("20131011T200000.000000Z", "20131011T200001.000000Z", "20131012T200000.000000Z")
SAMPLE = ROOT / "data" / "sample"
CONFIG = TrainingConfig(label="forward_15m_beats_cost", trees=6, depth=3, features="scale_free")


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def said(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


Models = Callable[..., Answer]


@pytest.fixture(scope="module")
def trained() -> Trained:
    return train(market(count=4), CONFIG)


@pytest.fixture(scope="module")
def other() -> Trained:
    return train(market(count=4), replace(CONFIG, label="triple_barrier", target_fraction=0.004, stop_fraction=0.004))


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Models:
    """The command in this process, in a house of its own with the committed profiles."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    monkeypatch.setenv("TRADEBOT_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Answer:
        capsys.readouterr()
        code = main(["models", *arguments, "--profile", "demo"])
        out, err = capsys.readouterr()
        return Answer(code, out, err)

    return call


@pytest.fixture
def folder(trained: Trained, tmp_path: Path) -> Path:
    """Three versions; the first was promoted by the gate, the second kept out, the third has an alarm."""
    root = tmp_path / "models"
    rang = AlarmRow("noise_feature", True, 0.9, 0.5, "noise ranks high")
    kept_out = Findings(gate=GateRow(False, "not proven better", {"confidence": 0.3}))
    first, *_ = (
        save(trained, root, "demo", FIRST_NS, Findings(gate=GateRow(True, "flat is the incumbent", {}))),
        save(trained, root, "demo", FIRST_NS + 10**9, kept_out),
        save(trained, root, "demo", FIRST_NS + 86_400 * 10**9, Findings(alarms=(rang,))),
    )
    promote(first, "flat is the incumbent", "gate")
    return first.parent


def refused(answer: Answer) -> str:
    """The sentence."""
    assert answer.code == 1, answer.out
    assert answer.err.startswith("tradebot: ")
    assert answer.err.count("\n") == 1
    return answer.err.removeprefix("tradebot: ").strip()


def test_list_is_newest_first_and_says_which_one_trades_and_why(models: Models, folder: Path) -> None:
    rows = models("list", "--json").said
    assert [row["version"] for row in rows] == list(reversed(NAMES))
    assert [row["trades"] for row in rows] == ["", "", "now"]
    assert [row["by"] for row in rows] == ["", "", "gate"]
    assert [row["reason"] for row in rows] == ["", "not proven better", "flat is the incumbent"]
    assert [row["alarms"] for row in rows] == ["noise_feature", "", ""]
    assert {row["kind"] for row in rows} == {"random_forest"}
    assert {row["label"] for row in rows} == {"forward_15m_beats_cost"}
    assert all(0.0 < row["roc_auc"] < 1.0 for row in rows)
    assert rows[0]["made"] == "2013-10-12 20:00"
    text = models("list")
    assert text.code == 0
    assert all(name in text.out for name in NAMES)


def test_a_version_that_cannot_be_read_is_listed_with_its_fault_and_not_shown(models: Models, folder: Path) -> None:
    rewrite(folder / NAMES[1] / "manifest.json", b"{}")
    rows = models("list", "--json").said
    assert [bool(row.get("fault")) for row in rows] == [False, True, False]
    assert "hash doesn't match" in refused(models("show", NAMES[1]))


def test_show_is_the_manifest_and_the_history(models: Models, folder: Path, trained: Trained) -> None:
    report = models("show", "--json").said  # without a name: what trades
    assert (report["model_id"], report["trades"]) == (f"demo/{NAMES[0]}", True)
    assert report["features"] == list(trained.features)
    assert report["gate"] == {"promote": True, "reason": "flat is the incumbent", "figures": {}}
    assert [row["symbol"] for row in report["data"]] == ["AAA", "BBB"]
    assert [(row["by"], row["reason"]) for row in report["promotions"]] == [("gate", "flat is the incumbent")]
    assert (len(report["data_sha256"]), report["runtime"], report["answer"]) == (64, "forest", "probability")
    third = models("show", "20131012", "--json").said  # the beginning of a name
    assert (third["version"], third["trades"], third["promotions"]) == (NAMES[2], False, [])
    assert third["alarms"][0]["name"] == "noise_feature"
    assert models("show").code == 0


def test_show_verifies_the_files(models: Models, folder: Path) -> None:
    rewrite(folder / NAMES[0] / "forest.safetensors", b"other numbers")
    assert "the file is not the one that was trained" in refused(models("show", NAMES[0]))
    (folder / NAMES[2] / "forest.safetensors").unlink()
    assert "the model's file is missing" in refused(models("show", NAMES[2]))


def test_compare_puts_figures_side_by_side(models: Models, folder: Path, trained: Trained) -> None:
    report = models("compare", NAMES[0], NAMES[1], "--json").said
    row = next(r for r in report["metrics"] if r["metric"] == "roc_auc")
    assert (row["first"], row["second"], row["difference"]) == (trained.metrics.roc_auc, trained.metrics.roc_auc, 0.0)
    assert report["note"] == "measured on the same rows"
    assert models("compare", NAMES[0], NAMES[1]).code == 0


def test_what_answers_another_question_is_not_compared(models: Models, folder: Path, other: Trained) -> None:
    save(other, folder.parent, "demo", FIRST_NS + 2 * 86_400 * 10**9)
    sentence = refused(models("compare", NAMES[0], "20131013"))
    assert "not comparable: one learned forward_15m_beats_cost, the other triple_barrier" in sentence


def test_promote_by_force_and_rollback_are_history(models: Models, folder: Path) -> None:
    done = models("promote", NAMES[1], "--force", "--reason", "I know better", "--json").said
    assert (done["model_id"], done["trades"]) == (f"demo/{NAMES[1]}", True)
    assert current_model(folder.parent, "demo") == folder / NAMES[1]
    assert models("list", "--json").said[1]["by"] == "forced"
    back = models("rollback", "--reason", "I did not", "--json").said
    assert (back["model_id"], back["left"]) == (f"demo/{NAMES[0]}", NAMES[1])
    assert current_model(folder.parent, "demo") == folder / NAMES[0]
    assert "no other version traded before" in refused(models("rollback", "--reason", "again"))
    rows = [json.loads(line) for line in (folder / "PROMOTIONS.jsonl").read_text().splitlines()]
    expected = [("gate", "flat is the incumbent"), ("forced", "I know better"), ("rollback", "I did not")]
    assert [(r["how"], r["reason"]) for r in rows] == expected


def test_promote_goes_past_the_gate_on_the_bars_since(models: Models, folder: Path, tmp_path: Path) -> None:
    """The same model twice: never better than itself. On the sample's own bars of October 2013."""
    sentence = refused(models("promote", NAMES[1], "--reason", "newer", "--bars", str(SAMPLE), "--json"))
    assert f"{NAMES[1]} is kept out: not proven better" in sentence
    assert sentence.endswith("--force promotes it all the same")
    assert "leak alarm: noise ranks high" in refused(models("promote", NAMES[2], "--reason", "x", "--bars", str(SAMPLE), "--json"))
    assert current_model(folder.parent, "demo") == folder / NAMES[0]
    assert "trades already" in refused(models("promote", NAMES[0], "--reason", "again"))
    assert "--reason is empty" in refused(models("promote", NAMES[1], "--reason", " "))


def test_one_sentence_for_what_is_not_there(models: Models, folder: Path) -> None:
    assert refused(models("show", "2013")).startswith("2013 is the beginning of 3 versions of demo: ")
    close = refused(models("show", "20131011T200002.000000Z"))
    assert close.startswith("demo has no version '20131011T200002.000000Z'; did you mean \"201310")
    assert "demo has no version '../else'; there are 2013" in refused(models("show", "../else"))
    assert "say where to" in refused(models("export", NAMES[0]))


def test_one_sentence_where_nothing_was_trained(models: Models) -> None:
    for command in (["list"], ["show"], ["compare", "a", "b"], ["promote", "a", "--reason", "b"], ["export", "--onnx", "f"]):
        assert "demo has no model yet; make one with: tradebot train --profile demo" in refused(models(*command))
    assert "no version trades" in refused(models("rollback", "--reason", "x"))


def test_export_is_compared_on_the_bars_of_the_profile(models: Models, folder: Path, tmp_path: Path) -> None:
    import onnx

    file = tmp_path / "model.onnx"
    report = models("export", "--onnx", str(file), "--bars", str(SAMPLE), "--json").said
    assert report["difference"] <= 1e-5
    assert (report["rows_compared"] > 1000, report["model_id"]) == (True, f"demo/{NAMES[0]}")
    assert {p.key for p in onnx.load(file).metadata_props} >= {"features", "model_id", "schema_hash"}


def test_mirror_logs_each_version_once(
    models: Models, folder: Path, tmp_path: Path, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.tracking import MlflowClient

    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # MLflow's files are ready at once, its SQLite migrates for ten seconds
    uri = f"file:{tmp_path}/mlruns"
    assert {row["done"] for row in models("mirror", "20131012", "--mlflow", uri, "--json").said} == {"logged"}
    rows = models("mirror", "--mlflow", uri, "--json").said
    assert sorted(row["done"] for row in rows) == ["logged", "logged", "was there"]
    client = MlflowClient(tracking_uri=uri)
    runs = client.search_runs([client.get_experiment_by_name("tradebot/demo").experiment_id])
    assert sorted(run.info.run_name for run in runs) == sorted(NAMES)
    (run,) = (r for r in runs if r.info.run_name == NAMES[2])
    assert run.data.metrics["roc_auc"] == trained.metrics.roc_auc
    assert run.data.metrics["alarm.noise_feature"] == 0.9
    assert (run.data.params["kind"], run.data.params["training.trees"]) == ("random_forest", "6")
    (manifest,) = (tmp_path / "mlruns").rglob(f"{run.info.run_id}/artifacts/manifest.json")
    assert manifest.read_bytes() == (folder / NAMES[2] / "manifest.json").read_bytes()
    assert "did not take the models" in refused(models("mirror", "--mlflow", "gopher://nowhere"))
