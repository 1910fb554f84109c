"""Saved models come back exactly; anything missing, tampered or foreign is refused with one sentence."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import tradebot
from tests.unit.learning.market import market
from tests.unit.serving.tamper import resign, rewrite
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.catalogue import schema_hash
from tradebot.core.features.sets import feature_names
from tradebot.core.forecast.model import Answer
from tradebot.learning.code_version import source_sha256
from tradebot.learning.config import TrainingConfig
from tradebot.learning.registry import Findings, save
from tradebot.learning.training import Trained, train
from tradebot.serving import store
from tradebot.serving.artefacts.artefact import Predictor
from tradebot.serving.artefacts.forest import ForestArtefact
from tradebot.serving.manifest import AlarmRow, GateRow, file_sha256, read_manifest, write_manifest
from tradebot.serving.promotions import history
from tradebot.serving.store import current_model, latest_model, load_model, promote, roll_back, versions

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
    assert (manifest.format, manifest.runtime, manifest.answer) == (2, "forest", "probability")
    assert (manifest.alarms, manifest.gate) == ((), None)
    assert manifest.code.source_sha256 == source_sha256(Path(tradebot.__file__).parent)
    assert manifest.files == {"forest.safetensors": file_sha256(folder / "forest.safetensors")}


def test_the_manifest_keeps_what_was_found(trained: Trained, tmp_path: Path) -> None:
    alarm = AlarmRow("label_shuffle", False, 0.51, 0.55, "shuffled labels show no skill")
    gate = GateRow(False, "not proven better", {"confidence": 0.4, "unit": "bp", "incumbent_net_per_trade": None})
    manifest = read_manifest(save(trained, tmp_path, "demo", CREATED_NS, Findings((alarm,), gate)))
    assert (manifest.alarms, manifest.gate) == ((alarm,), gate)


def test_files_of_a_version_are_read_only(folder: Path) -> None:
    assert {p.stat().st_mode & 0o777 for p in folder.iterdir()} == {0o444}


@dataclass(frozen=True)
class Pair:
    """An artefact with a sub-folder, as an ensemble has: the mean of two forests."""

    one: ForestArtefact
    two: ForestArtefact
    runtime: str = "pair"
    answer: Answer = "probability"
    outputs: int = 1

    @property
    def inputs(self) -> int:
        return self.one.inputs

    def write(self, folder: Path) -> None:
        for name, member in (("one", self.one), ("two", self.two)):
            (folder / "members" / name).mkdir(parents=True)
            member.write(folder / "members" / name)

    def predictor(self) -> Predictor:
        one, two = self.one.predictor(), self.two.predictor()
        return lambda rows: (one(rows) + two(rows)) / 2.0

    @classmethod
    def read(cls, folder: Path) -> Pair:
        return cls(ForestArtefact.read(folder / "members" / "one"), ForestArtefact.read(folder / "members" / "two"))


def test_files_in_sub_folders_are_hashed_and_verified(trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(trained.artefact, ForestArtefact)
    monkeypatch.setattr(store, "read_artefact", lambda folder, runtime: {"pair": Pair.read}[runtime](folder))
    folder = save(dataclasses.replace(trained, artefact=Pair(trained.artefact, trained.artefact)), tmp_path, "demo", CREATED_NS)
    assert set(read_manifest(folder).files) == {"members/one/forest.safetensors", "members/two/forest.safetensors"}
    rows = np.random.default_rng(0).normal(size=(20, len(trained.features)))
    assert np.array_equal(load_model(folder).predict(rows), trained.artefact.predictor()(rows))
    member = folder / "members" / "two" / "forest.safetensors"
    rewrite(member, member.read_bytes()[:-1] + b"x")
    with pytest.raises(OperatorFault, match=r"members/two/forest\.safetensors: the file is not the one that was trained"):
        load_model(folder)


def test_a_file_that_was_put_there_later_is_refused(folder: Path) -> None:
    (folder / "extra").mkdir()
    (folder / "extra" / "model.pkl").write_bytes(b"\x80\x04")
    with pytest.raises(OperatorFault, match=r"extra/model\.pkl: this file was put into the folder after training"):
        load_model(folder)


def test_what_a_killed_training_left_is_removed_by_the_next(trained: Trained, folder: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left, ours, other = (folder.parent / f".x.{pid}.part" for pid in (ended.pid, os.getpid(), os.getppid()))
    for part in (left, ours, other):
        part.mkdir()
        (part / "forest.safetensors").write_bytes(b"half")
    (folder.parent / f".CURRENT.{ended.pid}.part").write_text("half")
    save(trained, folder.parents[1], "demo", CREATED_NS + 1_000_000_000)
    assert sorted(p.name for p in folder.parent.glob(".*")) == [other.name]


KILLED = """
import os, signal, sys
from pathlib import Path
from tradebot.learning.registry import save_version
def write(part):
    (part / "forest.safetensors").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
save_version(Path(sys.argv[1]), "demo", 1, write, lambda origin: None, lambda part: None)
"""


def test_a_training_killed_while_it_writes_leaves_no_version(trained: Trained, tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert versions(tmp_path, "demo") == []
    assert len(list((tmp_path / "demo").iterdir())) == 1
    made = save(trained, tmp_path, "demo", CREATED_NS)
    assert list((tmp_path / "demo").iterdir()) == [made]


def test_a_version_never_changes(trained: Trained, folder: Path) -> None:
    with pytest.raises(OperatorFault, match="versions never change"):
        save(trained, folder.parents[1], "demo", CREATED_NS)


def test_nothing_half_written_where_nothing_can_be_written(trained: Trained, tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file in the way")
    with pytest.raises(OperatorFault, match="can't be written"):
        save(trained, tmp_path / "models", "demo", CREATED_NS)
    assert (tmp_path / "models").read_text() == "a file in the way"


def test_refuses_what_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(OperatorFault, match="no such model folder"):
        load_model(tmp_path / "nowhere")
    with pytest.raises(OperatorFault, match=r"no manifest\.json"):
        load_model(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", '{"sha256": "0"}'])
def test_refuses_a_manifest_that_is_none(folder: Path, text: str) -> None:
    rewrite(folder / "manifest.json", text.encode())
    with pytest.raises(OperatorFault, match=r"manifest\.json"):
        load_model(folder)


@pytest.mark.parametrize("field", ["kind", "schema_hash", "seed", "created_ns", "label"])
def test_refuses_a_tampered_manifest(folder: Path, field: str) -> None:
    body = json.loads((folder / "manifest.json").read_text())
    body[field] = 0 if isinstance(body[field], int) else "else"
    rewrite(folder / "manifest.json", json.dumps(body).encode())
    with pytest.raises(OperatorFault, match="hash doesn't match"):
        load_model(folder)


def test_refuses_a_tampered_file_at_every_place(folder: Path) -> None:
    path = folder / "forest.safetensors"
    good = path.read_bytes()
    for at in range(0, len(good), max(1, len(good) // 50)):
        rewrite(path, good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :])
        with pytest.raises(OperatorFault, match="not the one that was trained"):
            load_model(folder)
    rewrite(path, good)
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
        ({"format": 1}, "manifest format 1 is not 2: another version of tradebot wrote this model; train again"),
        ({"surprise": 1}, "not one of ours"),
        ({"files": {}}, "put into the folder after training"),
        ({"files": {"../else": "0" * 64}}, "a file outside the folder"),
        ({"files": {"/etc/passwd": "0" * 64}}, "a file outside the folder"),
        ({"runtime": "crystal_ball"}, "no runtime 'crystal_ball'"),
        ({"answer": "position"}, "answers with a probability, the manifest says position"),
        ({"answer": "maybe"}, "not one of ours"),
    )
    good = (folder / "manifest.json").read_bytes()
    for changes, why in cases:
        rewrite(folder / "manifest.json", good)
        resign(folder, **changes)
        with pytest.raises(OperatorFault, match=why):
            load_model(folder)


@pytest.mark.parametrize("content", [b"", b"\x80\x04pickle", b"\xff" * 64, b"\x02\x00\x00\x00\x00\x00\x00\x00{}"])
def test_refuses_another_kind_of_file(folder: Path, content: bytes) -> None:
    rewrite(folder / "forest.safetensors", content)
    resign(folder, files={"forest.safetensors": hashlib.sha256(content).hexdigest()})
    with pytest.raises(OperatorFault, match="no forest of ours"):
        load_model(folder)


def test_writing_a_manifest_twice_gives_the_same_bytes(folder: Path) -> None:
    before = (folder / "manifest.json").read_bytes()
    write_manifest(folder.parent, read_manifest(folder))
    assert (folder.parent / "manifest.json").read_bytes() == before


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
    promote(newer, "better by far", "gate")
    assert current_model(root, "demo") == newer
    assert [(r.version, r.previous, r.how, r.reason) for r in history(root / "demo")] == [
        (folder.name, "", "operator", ""),
        (newer.name, folder.name, "gate", "better by far"),
    ]
    assert (root / "demo" / "CURRENT").read_text() == newer.name + "\n"


def test_a_broken_model_is_never_promoted(trained: Trained, folder: Path) -> None:
    promote(folder)
    newer = save(trained, folder.parents[1], "demo", CREATED_NS + 5_000)
    rewrite(newer / "forest.safetensors", b"")
    with pytest.raises(OperatorFault, match="not the one that was trained"):
        promote(newer)
    assert current_model(folder.parents[1], "demo") == folder
    assert sorted(p.name for p in folder.parent.iterdir()) == sorted(["CURRENT", "PROMOTIONS.jsonl", folder.name, newer.name])
    assert [r.version for r in history(folder.parent)] == [folder.name]


def test_a_rollback_leads_to_what_traded_before_and_is_history_too(trained: Trained, folder: Path) -> None:
    root = folder.parents[1]
    with pytest.raises(OperatorFault, match="demo: no version trades"):
        roll_back(root, "demo", "")
    second, third = (save(trained, root, "demo", CREATED_NS + i * 1_000_000_000) for i in (1, 2))
    for version in (folder, second, third):
        promote(version)
    assert roll_back(root, "demo", "it lost") == second == current_model(root, "demo")
    assert roll_back(root, "demo", "it lost too") == folder == current_model(root, "demo")
    assert (history(root / "demo")[-1].how, history(root / "demo")[-1].reason) == ("rollback", "it lost too")
    with pytest.raises(OperatorFault, match="no other version traded before"):
        roll_back(root, "demo", "")
    promote(third)
    shutil.rmtree(folder)
    with pytest.raises(OperatorFault, match="no other version traded before"):
        roll_back(root, "demo", "")
    assert current_model(root, "demo") == third


@pytest.mark.parametrize("text", ["", "../../etc", "20990101T000000.000000Z", "\udcff"])
def test_a_pointer_to_nowhere_is_refused(folder: Path, text: str) -> None:
    (folder.parent / "CURRENT").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(OperatorFault, match="CURRENT"):
        current_model(folder.parents[1], "demo")


def test_a_copied_folder_still_loads(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "elsewhere")
    assert load_model(tmp_path / "elsewhere").model_id == f"demo/{folder.name}"
