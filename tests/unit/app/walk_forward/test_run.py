"""A walk-forward is the same whoever runs its folds, and goes on where it was stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.architecture.source_files import ROOT
from tests.unit.app.walk_forward.conftest import FIRST, FOLDS, LAST, Walk
from tradebot.app.walk_forward.folder import read_run
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.evidence.ledger import Ledger


def files_of(report: dict[str, Any]) -> dict[str, bytes]:
    """Everything that a run says, without its models."""
    folder = Path(report["folder"])
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.json"))}


def test_folds_follow_each_other_and_every_session_counts_once(walk: Walk) -> None:
    report = walk()
    plan, folds = read_run(Path(report["folder"]))
    assert [fold.number for fold in folds] == [entry["number"] for entry in plan["folds"]] == [1, 2, 3]
    kept = [date for fold in folds for date in fold.dates[: fold.kept]]
    assert kept == sorted(set(kept))
    assert len(kept) == report["sessions"] == 6
    for fold in folds:
        assert fold.train_last < fold.dates[0]
        assert fold.model["kind"] == "xgboost"
        assert len(fold.net) == len(fold.gross) == len(fold.exposure) == len(fold.equity_units) == len(fold.dates)
        assert set(fold.nulls) == {"lag_1", "rotated_predictions", "shuffled_labels"}
        assert all(len(draw) == len(fold.dates) for draws in fold.nulls.values() for draw in draws)
    assert report["trades"] > 0, "a walk-forward that never trades proves nothing"


def test_the_track_is_the_folds_own_returns(walk: Walk) -> None:
    report = walk()
    _, folds = read_run(Path(report["folder"]))
    track = json.loads((Path(report["folder"]) / "track.json").read_text())
    assert track["net"] == [x for fold in folds for x in fold.net[: fold.kept]]
    assert report["net_fraction"] == pytest.approx(np.prod(1 + np.array(track["net"])) - 1, abs=1e-15)
    paid = np.array(track["gross"]) - np.array(track["net"])
    assert (paid >= -1e-12).all(), "cost is never negative"
    assert (paid > 0).any()


def test_every_run_is_a_row_in_the_ledger(walk: Walk, home: Path) -> None:
    first = walk()
    second = walk()
    trials = Ledger(home / "data" / "trials.jsonl").trials("tiny")
    assert [trial.number for trial in trials] == [first["trial"], second["trial"]]
    assert {trial.what for trial in trials} == {"walk_forward"}
    assert list(trials[0].returns) == pytest.approx(json.loads((Path(first["folder"]) / "track.json").read_text())["net"], abs=1e-8)


def test_two_processes_give_the_same_bytes_as_one(walk: Walk) -> None:
    alone = files_of(walk())
    assert files_of(walk(fresh=True, jobs=2)) == alone
    assert len(alone) == FOLDS + 2


def test_two_dask_workers_give_the_same_bytes_as_one(walk: Walk) -> None:
    from distributed import LocalCluster

    alone = files_of(walk())
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1") as cluster:
        assert files_of(walk(fresh=True, cluster=cluster.scheduler_address)) == alone


def test_two_ray_workers_give_the_same_bytes_as_one(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    alone = files_of(walk())
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error", object_store_memory=100_000_000)
    try:
        assert files_of(walk(fresh=True, cluster="ray://local")) == alone
    finally:
        ray.shutdown()


def test_a_fold_that_is_not_whole_is_run_again_and_the_others_stay(walk: Walk) -> None:
    report = walk()
    folder, before = Path(report["folder"]), files_of(report)
    kept, torn = folder / "fold-001.json", folder / "fold-002.json"
    stamp = kept.stat().st_mtime_ns
    torn.write_bytes(torn.read_bytes()[:100])
    (folder / "fold-003.json").unlink()
    assert files_of(walk()) == before
    assert kept.stat().st_mtime_ns == stamp


def test_a_killed_run_goes_on_and_ends_the_same(walk: Walk, home: Path, tmp_path: Path) -> None:
    whole = walk()
    expected = files_of(whole)
    folder = Path(whole["folder"])
    for path in folder.glob("*.json"):
        path.unlink()
    words = ["walk-forward", "-p", "tiny", "--first", str(FIRST), "--last", str(LAST), "--jobs", "1", "--json"]
    environment = {**os.environ, "TRADEBOT_HOME": str(home), "PYTHONPATH": str(ROOT)}
    child = subprocess.Popen([sys.executable, "-m", "tradebot", *words], cwd=home, env=environment, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (folder / "fold-001.json").exists():
        assert child.poll() is None and time.monotonic() < deadline, "the run ended or hung before its first fold"
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert not (folder / "track.json").exists()
    assert files_of(walk()) == expected


def test_another_profile_is_another_run(walk: Walk, home: Path) -> None:
    before = walk()["run"]
    profile = home / "config" / "tiny.toml"
    profile.write_text(profile.read_text().replace("trees = 8", "trees = 9"))
    assert walk()["run"] != before


def test_the_full_simulation_gives_the_same_track(walk: Walk) -> None:
    _, fast = read_run(Path(walk()["folder"]))
    _, full = read_run(Path(walk(fidelity="full")["folder"]))
    assert [fold.net for fold in full] == [fold.net for fold in fast]
    assert [fold.equity_units for fold in full] == [fold.equity_units for fold in fast]


def test_what_the_scan_cannot_do_is_traded_by_the_engine_in_worlds_without_skill_too(
    walk: Walk, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradebot.app.walk_forward.fold.DRAWS", 2)
    profile = home / "config" / "tiny.toml"
    profile.write_text(profile.read_text() + "[simulation]\nlatency_ms = 900\n")
    report = walk()
    assert report["note"].startswith("the full simulation traded, for the fast backtest has an ideal venue")
    _, slow = read_run(Path(report["folder"]))
    _, full = read_run(Path(walk(fidelity="full")["folder"]))
    assert [fold.net for fold in slow] == [fold.net for fold in full]
    assert all(len(fold.nulls["rotated_predictions"]) == len(fold.nulls["shuffled_labels"]) == 2 for fold in slow)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"fidelity": "slow"}, "it is fast or full"),
        ({"last": FIRST}, "too few to walk forward"),
        ({"cluster": "http://127.0.0.1:1"}, "begins with tcp://"),
        ({"cluster": "tcp://127.0.0.1:9"}, "no Dask scheduler answers there"),
    ],
)
def test_bad_input_is_one_sentence(walk: Walk, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(OperatorFault, match=sentence):
        walk(**options)
