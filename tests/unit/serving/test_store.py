"""Saved models come back exactly; anything missing, tampered or foreign is refused with one sentence."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.unit.learning.market import market
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.catalogue import schema_hash
from tradebot.core.features.sets import feature_names
from tradebot.learning.config import TrainingConfig
from tradebot.learning.registry import save
from tradebot.learning.training import Trained, train
from tradebot.serving.artefacts.forest import ForestArtefact
from tradebot.serving.manifest import read_manifest, write_manifest
from tradebot.serving.store import current_model, latest_model, load_model, promote, versions

CREATED_NS = 1_381_521_600_000_000_000  # 2013-10-11 20:00 UTC


@pytest.fixture(scope="module", params=["random_forest", "gradient_boosting"])
def trained(request: pytest.FixtureRequest) -> Trained:
    config = TrainingConfig(kind=request.param, label="forward_15m_beats_cost", trees=8, depth=3, features="scale_free")
    return train(market(count=4), config)


@pytest.fixture
def folder(trained: Trained, tmp_path: Path) -> Path:
    return save(trained, tmp_path / "models", "demo", CREATED_NS)


def test_round_trip_is_exact(trained: Trained, folder: Path) -> None:
    assert folder.name == "20131011T200000.000000Z"
    assert sorted(p.name for p in folder.iterdir()) == ["forest.safetensors", "manifest.json"]
    assert sorted(p.name for p in folder.parent.iterdir()) == [folder.name]
    model = load_model(folder)
    assert isinstance(trained.artefact, ForestArtefact)
    forest = trained.artefact.forest
    rows = forest.mean + forest.scale * np.random.default_rng(0).normal(size=(500, len(trained.features)))
    assert model.predict(rows).tobytes() == trained.artefact.predictor()(rows).tobytes()
    assert model.model_id == f"demo/{folder.name}"
    assert model.features == feature_names("scale_free")
    assert model.schema_hash == schema_hash(model.features)


def test_the_manifest_says_what_was_done(trained: Trained, folder: Path) -> None:
    manifest = read_manifest(folder)
    assert manifest.kind == trained.config.kind
    assert manifest.label == "forward_15m_beats_cost"
    assert manifest.label_parameters["horizon_min"] == 15
    assert manifest.seed == trained.config.seed
    assert manifest.warm_up_bars == 390
    assert manifest.data == trained.data
    assert (manifest.train, manifest.test) == (trained.train, trained.test)
    assert manifest.metrics["no_skill_accuracy"] == trained.metrics.no_skill_accuracy
    assert manifest.metrics["base_rate"] == trained.metrics.base_rate
    assert set(manifest.libraries) >= {"python", "scikit-learn", "numpy"}
    assert len(manifest.sha256) == 64


def test_a_version_never_changes(trained: Trained, folder: Path) -> None:
    with pytest.raises(OperatorFault, match="versions never change"):
        save(trained, folder.parents[1], "demo", CREATED_NS)


def test_nothing_half_written_where_nothing_can_be_written(trained: Trained, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file in the way")
    with pytest.raises(OperatorFault, match="can't be written"):
        save(trained, tmp_path / "models", "demo", CREATED_NS)
    assert (tmp_path / "models").read_text() == "a file in the way"


def resign(folder: Path, **changes: object) -> None:
    """Rewrite the manifest with a hash that is right for it, as a foreign or older program would."""
    body = json.loads((folder / "manifest.json").read_text()) | changes
    rest = {k: v for k, v in body.items() if k != "sha256"}
    body["sha256"] = hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(body))


def test_refuses_what_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(OperatorFault, match="no such model folder"):
        load_model(tmp_path / "nowhere")
    with pytest.raises(OperatorFault, match=r"no manifest\.json"):
        load_model(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", '{"sha256": "0"}'])
def test_refuses_a_manifest_that_is_none(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text)
    with pytest.raises(OperatorFault, match=r"manifest\.json"):
        load_model(folder)


@pytest.mark.parametrize("field", ["kind", "schema_hash", "seed", "created_ns", "label"])
def test_refuses_a_tampered_manifest(folder: Path, field: str) -> None:
    body = json.loads((folder / "manifest.json").read_text())
    body[field] = 0 if isinstance(body[field], int) else "else"
    (folder / "manifest.json").write_text(json.dumps(body))
    with pytest.raises(OperatorFault, match="hash doesn't match"):
        load_model(folder)


def test_refuses_a_tampered_file_at_every_place(folder: Path) -> None:
    path = folder / "forest.safetensors"
    good = path.read_bytes()
    for at in range(0, len(good), max(1, len(good) // 50)):
        path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        with pytest.raises(OperatorFault, match="not the one that was trained"):
            load_model(folder)
    path.write_bytes(good)
    load_model(folder)
    path.unlink()
    with pytest.raises(OperatorFault, match="file is missing"):
        load_model(folder)


def test_refuses_foreign_models_even_when_their_hashes_are_right(folder: Path) -> None:
    manifest = read_manifest(folder)
    cases: tuple[tuple[dict[str, object], str], ...] = (
        ({"schema_hash": "0" * 16}, "other definitions of its features"),
        ({"features": [*manifest.features[:-1], "moon_phase"]}, "reads moon_phase"),
        ({"features": manifest.features[:-1], "schema_hash": schema_hash(manifest.features[:-1])}, "the manifest names"),
        ({"format": 99}, "another version of tradebot"),
        ({"surprise": 1}, "not one of ours"),
        ({"files": {}}, "names no forest"),
    )
    good = (folder / "manifest.json").read_bytes()
    for changes, why in cases:
        (folder / "manifest.json").write_bytes(good)
        resign(folder, **changes)
        with pytest.raises(OperatorFault, match=why):
            load_model(folder)


@pytest.mark.parametrize("content", [b"", b"\x80\x04pickle", b"\xff" * 64, b"\x02\x00\x00\x00\x00\x00\x00\x00{}"])
def test_refuses_another_kind_of_file(folder: Path, content: bytes) -> None:
    (folder / "forest.safetensors").write_bytes(content)
    resign(folder, files={"forest.safetensors": hashlib.sha256(content).hexdigest()})
    with pytest.raises(OperatorFault, match="no forest of ours"):
        load_model(folder)


def test_writing_a_manifest_twice_gives_the_same_bytes(folder: Path) -> None:
    before = (folder / "manifest.json").read_bytes()
    write_manifest(folder, read_manifest(folder))
    assert (folder / "manifest.json").read_bytes() == before


def test_latest_and_current(trained: Trained, folder: Path) -> None:
    root = folder.parents[1]
    assert latest_model(root, "nobody") is None
    assert current_model(root, "demo") is None
    newer = save(trained, root, "demo", CREATED_NS + 1_000_000_000)
    (root / "demo" / ".20991231T000000.000000Z.1.part").mkdir()
    assert versions(root, "demo") == [folder, newer]
    assert latest_model(root, "demo") == newer
    promote(folder)
    assert current_model(root, "demo") == folder
    promote(newer)
    assert current_model(root, "demo") == newer
    assert (root / "demo" / "CURRENT").read_text() == newer.name + "\n"


def test_a_broken_model_is_never_promoted(trained: Trained, folder: Path) -> None:
    promote(folder)
    newer = save(trained, folder.parents[1], "demo", CREATED_NS + 5_000)
    (newer / "forest.safetensors").write_bytes(b"")
    with pytest.raises(OperatorFault, match="not the one that was trained"):
        promote(newer)
    assert current_model(folder.parents[1], "demo") == folder
    assert sorted(p.name for p in folder.parent.iterdir()) == sorted(["CURRENT", folder.name, newer.name])


@pytest.mark.parametrize("text", ["", "../../etc", "20990101T000000.000000Z", "\udcff"])
def test_a_pointer_to_nowhere_is_refused(folder: Path, text: str) -> None:
    (folder.parent / "CURRENT").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(OperatorFault, match="CURRENT"):
        current_model(folder.parents[1], "demo")


def test_a_copied_folder_still_loads(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "elsewhere")
    assert load_model(tmp_path / "elsewhere").model_id == f"demo/{folder.name}"
