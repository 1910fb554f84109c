"""Regime models come back exactly, are promoted as any model is, and what was tampered with or is foreign is refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.unit.learning.market import market
from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.catalogue import schema_hash
from tradebot.core.regime.hmm import new_beliefs, scan_beliefs
from tradebot.core.regime.learned import LEARNED_LABELS, RegimeForecast, cluster_labels
from tradebot.learning.regimes.config import RegimesConfig
from tradebot.learning.regimes.registry import save_regimes
from tradebot.learning.regimes.training import TrainedRegimes, train_regimes
from tradebot.serving.artefacts.forest import read_forest
from tradebot.serving.manifest import file_sha256, read_manifest, write_manifest
from tradebot.serving.regime_store import FILE, load_regimes, read_regimes, write_regimes
from tradebot.serving.store import current_model, latest_model, promote, versions

CREATED_NS = 1_381_521_600_000_000_000  # 2013-10-11 20:00 UTC
CONFIG = RegimesConfig(
    volatility_inputs=("high_rel",), trend_inputs=("macd_rel",), context_inputs=("return_1m",), hmm_inputs=("return_1m", "high_rel"),
    trees=6, depth=3,
)  # fmt: skip


@pytest.fixture(scope="module")
def grid() -> MarketGrid:
    return market(count=5)


@pytest.fixture(scope="module")
def trained(grid: MarketGrid) -> TrainedRegimes:
    return train_regimes(grid, CONFIG)


@pytest.fixture
def folder(trained: TrainedRegimes, tmp_path: Path) -> Path:
    return save_regimes(trained, tmp_path / "models", "living_lab", CREATED_NS)


def test_round_trip_is_exact(trained: TrainedRegimes, folder: Path) -> None:
    assert sorted(p.name for p in folder.iterdir()) == ["forest.safetensors", "manifest.json", "regimes.safetensors"]
    assert sorted(p.name for p in folder.parent.iterdir()) == [folder.name]
    model = load_regimes(folder)
    random = np.random.default_rng(1)
    rows = trained.clusters.mean + trained.clusters.scale * random.normal(size=(300, 2))
    assert cluster_labels(model.clusters, rows).tolist() == cluster_labels(trained.clusters, rows).tolist()
    x = random.normal(size=(50, 3, 2)) * 0.002
    before, _ = scan_beliefs(trained.hmm, new_beliefs(3, trained.hmm), x)
    after, _ = scan_beliefs(model.hmm, new_beliefs(3, model.hmm), x)
    assert after.tobytes() == before.tobytes()
    forecast: RegimeForecast = model.forecast
    assert forecast.features == CONFIG.features
    shares = forecast.predict(random.normal(size=(20, len(CONFIG.features))))
    assert shares.shape == (20, len(LEARNED_LABELS))
    assert shares.sum(axis=1) == pytest.approx(np.ones(20))
    assert np.isnan(forecast.predict(np.full((1, len(CONFIG.features)), np.nan))).all()


def test_the_manifest_says_what_was_done(trained: TrainedRegimes, folder: Path) -> None:
    manifest = read_manifest(folder)
    assert (manifest.kind, manifest.label) == ("regimes", "next_hour_regime")
    assert manifest.model_id == f"living_lab/regimes/{folder.name}"
    assert manifest.schema_hash == schema_hash(CONFIG.features)
    assert set(manifest.files) == {"forest.safetensors", FILE}
    assert manifest.metrics["majority_accuracy"] == trained.metrics.majority_accuracy
    assert manifest.training["horizon_min"] == 60
    assert set(manifest.data) == {"AAA", "BBB"}


def test_it_is_promoted_and_found_as_any_model_is(trained: TrainedRegimes, folder: Path) -> None:
    models = folder.parents[2]
    assert current_model(models, "living_lab/regimes") is None
    later = save_regimes(trained, models, "living_lab", CREATED_NS + 10**9)
    promote(folder)
    assert current_model(models, "living_lab/regimes") == folder
    assert latest_model(models, "living_lab/regimes") == later
    assert versions(models, "living_lab") == []
    with pytest.raises(OperatorFault, match="already there"):
        save_regimes(trained, models, "living_lab", CREATED_NS)


def test_a_training_is_reproducible(grid: MarketGrid, trained: TrainedRegimes, folder: Path, tmp_path: Path) -> None:
    again = save_regimes(train_regimes(grid, replace(CONFIG, jobs=2)), tmp_path / "again", "living_lab", CREATED_NS)
    assert file_sha256(again / FILE) == file_sha256(folder / FILE)
    ours, others = read_forest(folder / "forest.safetensors"), read_forest(again / "forest.safetensors")
    for name in ("mean", "scale", "feature", "threshold", "left", "right", "value", "roots"):
        assert getattr(ours, name).tobytes() == getattr(others, name).tobytes()


def test_tampered_missing_and_foreign_files_are_refused(trained: TrainedRegimes, folder: Path, tmp_path: Path) -> None:
    def copy(name: str) -> Path:
        made = Path(shutil.copytree(folder, tmp_path / name))
        for path in made.iterdir():
            path.chmod(0o644)
        return made

    changed = copy("changed")
    data = bytearray((changed / FILE).read_bytes())
    data[-1] ^= 1
    (changed / FILE).write_bytes(data)
    with pytest.raises(OperatorFault, match=r"regimes\.safetensors: the file is not the one that was trained"):
        load_regimes(changed)
    missing = copy("missing")
    (missing / FILE).unlink()
    with pytest.raises(OperatorFault, match=r"regimes\.safetensors: the model's file is missing"):
        load_regimes(missing)
    plain = copy("plain")
    (plain / FILE).unlink()
    manifest = read_manifest(plain)
    write_manifest(plain, type(manifest)(**_fields(manifest) | {"files": {"forest.safetensors": manifest.files["forest.safetensors"]}}))
    with pytest.raises(OperatorFault, match="this is no regime model"):
        load_regimes(plain)
    other = copy("other")
    foreign = replace(trained.clusters, inputs=("high_rel", "low_rel"))
    write_regimes(other / FILE, foreign, trained.hmm)
    write_manifest(other, type(manifest)(**_fields(manifest) | {"files": manifest.files | {FILE: file_sha256(other / FILE)}}))
    with pytest.raises(OperatorFault, match="don't belong together"):
        load_regimes(other)


def _fields(manifest: object) -> dict[str, object]:
    return {name: getattr(manifest, name) for name in manifest.__struct_fields__}  # type: ignore[attr-defined]


def test_a_file_that_holds_no_regimes_is_refused(trained: TrainedRegimes, tmp_path: Path) -> None:
    path = tmp_path / FILE
    with pytest.raises(OperatorFault, match="missing"):
        read_regimes(path)
    path.write_bytes(b"nonsense")
    with pytest.raises(OperatorFault, match="no regimes of ours"):
        read_regimes(path)
    bad = replace(trained.hmm)
    object.__setattr__(bad, "transition", np.eye(2))
    write_regimes(path, trained.clusters, bad)
    with pytest.raises(OperatorFault, match="transition has a number that is not possible"):
        read_regimes(path)
    write_regimes(path, trained.clusters, trained.hmm)
    data = path.read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    names = json.loads(header["__metadata__"]["names"]) | {"hmm.labels": 7}
    header["__metadata__"]["names"] = json.dumps(names)
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + int.from_bytes(data[:8], "little") :])
    with pytest.raises(OperatorFault, match=r"hmm\.labels is no list of names"):
        read_regimes(path)
