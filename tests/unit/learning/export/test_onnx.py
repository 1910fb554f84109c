"""The ONNX file of every runtime answers as the served model does, on rows it likes and rows it doesn't, and says what it reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.serving.networks import architecture
from tests.unit.serving.networks import artefact as network_artefact
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.config import TrainingConfig
from tradebot.learning.export import onnx_file
from tradebot.learning.export.catalogue import emitters
from tradebot.learning.export.graph import Graph
from tradebot.learning.export.onnx_file import differing, export_onnx, onnx_bytes
from tradebot.learning.selector.config import SelectorConfig
from tradebot.learning.selector.forest import fit as fit_selector
from tradebot.learning.trainers import gradient_boosting, random_forest
from tradebot.learning.trainers.trainer import Rows
from tradebot.serving.artefacts.artefact import Artefact
from tradebot.serving.artefacts.calibrated import CalibratedArtefact, Curve
from tradebot.serving.artefacts.catalogue import READERS
from tradebot.serving.artefacts.ensemble import EnsembleArtefact, Joint
from tradebot.serving.artefacts.forest import ForestArtefact
from tradebot.serving.artefacts.institutional import InstitutionalArtefact, Meta
from tradebot.serving.artefacts.xgboost import XgboostArtefact
from tradebot.serving.boosted import Link
from tradebot.serving.forest import BAGGED, Forest
from tradebot.serving.manifest import FORMAT, CodeVersion, Manifest, Span

COLUMNS = 6
RANDOM = np.random.default_rng(3)
VALUES = RANDOM.normal(size=(800, COLUMNS)) * 10.0 ** np.arange(-3, COLUMNS - 3)
SIGN = (VALUES[:, 0] * 1e3 + VALUES[:, 3] > 0).astype(float)
NEW = RANDOM.normal(size=(500, COLUMNS)) * 10.0 ** np.arange(-3, COLUMNS - 3)


def rows(target: np.ndarray) -> Rows:
    zeros = np.zeros(len(target), np.int64)
    return Rows(VALUES, target, np.ones(len(target)), np.arange(len(target)), zeros, zeros)


def silent(_: str) -> None:
    pass


def tree_model(fit: Callable[..., Any]) -> Artefact:
    config = TrainingConfig(trees=30, depth=4, min_leaf=5)
    made: Artefact = fit(rows(SIGN), rows(SIGN).where(np.arange(0)), config, silent).artefact
    return made


def xgboost_model(link: Link = "logistic", unit: float = 1.0, columns: int = COLUMNS, seed: int = 0) -> XgboostArtefact:
    import xgboost as xgb

    objective = {"logistic": "binary:logistic", "softmax": "multi:softprob", "tanh": "reg:squarederror"}[link]
    classes = {"num_class": 3} if link == "softmax" else {}
    target = SIGN + (VALUES[:, 1] > 0) if link == "softmax" else SIGN if link == "logistic" else VALUES[:, 0] * 900
    data = xgb.DMatrix(VALUES[:, :columns].astype(np.float32), target)
    params = {"objective": objective, "max_depth": 4, "nthread": 1, "seed": seed, "eta": 0.3, **classes}
    return XgboostArtefact.of(bytes(xgb.train(params, data, 20).save_raw("ubj")), link, unit)


def selector() -> Artefact:
    label = (SIGN + 2 * (VALUES[:, 1] > 0)).astype(np.int64)
    forest, _ = fit_selector(VALUES, label, 5, SelectorConfig(trees=12, depth=4))  # the class 4 never came
    return ForestArtefact(forest)


def stump_among_trees() -> Artefact:
    """A tree that is one leaf, before and after one that isn't."""
    forest = Forest(
        BAGGED, np.zeros(2), np.ones(2), np.array([-1, 1, -1, -1, -1], np.int32), np.array([0, 0.1, 0, 0, 0.0]),
        np.array([-1, 2, -1, -1, -1], np.int32), np.array([-1, 3, -1, -1, -1], np.int32), np.array([0.3, 0, 0.2, 0.9, 0.4]),
        np.array([4, 1, 0], np.int32),
    )  # fmt: skip
    return ForestArtefact(forest)


def calibrated(shape: str) -> Artefact:
    inner = xgboost_model()
    score = np.unique(inner.predictor()(VALUES))
    if shape == "steps":  # steps at scores that do occur, which a last bit would throw over
        edges = score[::10]
        return CalibratedArtefact(inner, Curve("steps", edges, np.linspace(0.1, 0.8, len(edges) + 1)))
    knots = np.sort(np.append(score[::7], score[70]))  # one knot twice: a jump
    return CalibratedArtefact(inner, Curve("lines", knots, np.linspace(0.05, 0.9, len(knots)) ** 2))


def joint(combine: Any, position: bool) -> Artefact:
    members: tuple[Artefact, ...] = (xgboost_model("tanh"), xgboost_model("tanh", seed=1))
    if not position:
        members = (xgboost_model(), tree_model(random_forest.fit), calibrated("lines"))
    weights = (0.2, 0.5, 0.3)[: len(members)] if combine == "stacked" else (0.25, 0.75, 0.0)[: len(members)]
    return EnsembleArtefact(("a", "b", "c")[: len(members)], members, Joint(combine, weights, -0.1 if combine == "stacked" else 0.0))


def five() -> Artefact:
    links: dict[str, Link] = {
        "trend": "tanh", "mean_reversion": "logistic", "volatility": "tanh", "microstructure": "tanh", "regime": "softmax",
    }  # fmt: skip
    columns = {name: tuple((i + at) % COLUMNS for i in range(4)) for at, name in enumerate(links)}
    specialists = {name: xgboost_model(link, 0.01 if name == "volatility" else 1.0, columns=4) for name, link in links.items()}
    weights = ((0.5, 0.3, 0.2), (0.1, 0.8, 0.1), (0.0, 0.0, 1.0))
    return InstitutionalArtefact(specialists, Meta(COLUMNS, columns, 2, (0.5, 0.4, 0.9), weights, 0.02))


CASES: dict[str, Callable[[], Artefact]] = {
    "random_forest": lambda: tree_model(random_forest.fit),
    "gradient_boosting": lambda: tree_model(gradient_boosting.fit),
    "forest over classes": selector,
    "a tree of one leaf": stump_among_trees,
    "xgboost logistic": xgboost_model,
    "xgboost softmax": lambda: xgboost_model("softmax"),
    "xgboost tanh": lambda: xgboost_model("tanh"),
    "calibrated by lines": lambda: calibrated("lines"),
    "calibrated by steps": lambda: calibrated("steps"),
    "calibrated to one step": lambda: CalibratedArtefact(xgboost_model(), Curve("steps", np.zeros(0), np.array([0.4]))),
    "weighted probabilities": lambda: joint("weighted", False),
    "stacked probabilities": lambda: joint("stacked", False),
    "weighted positions": lambda: joint("weighted", True),
    "stacked positions": lambda: joint("stacked", True),
    "institutional": five,
    "lstm": lambda: network_artefact(architecture("lstm", layers=2)),
    "lstm over classes": lambda: network_artefact(architecture("lstm", statics=0, outputs=3), "classes"),
    "attention": lambda: network_artefact(architecture("attention", layers=2)),
    "attention of a position": lambda: network_artefact(architecture("attention", statics=0), "position"),
}
EXACT = frozenset(name for name in CASES if "lstm" not in name and "attention" not in name)


def manifest(artefact: Artefact) -> Manifest:
    features = tuple(f"f{i}" for i in range(artefact.inputs))
    classes = tuple(f"c{i}" for i in range(artefact.outputs)) if artefact.outputs > 1 else ()
    span = Span(0, 0, 0)
    return Manifest(
        format=FORMAT, profile="demo", version="1", created_ns=0, kind="made up", runtime=artefact.runtime, answer=artefact.answer,
        label="label", label_parameters={"horizon_min": 15.0}, features=features, schema_hash="hash", warm_up_bars=0, data={}, train=span,
        test=span, embargo_sessions=0, seed=0, training={}, metrics={}, libraries={}, code=CodeVersion("", "", ""), files={},
        classes=classes, sha256="own",
    )  # fmt: skip


def new_rows(artefact: Artefact) -> np.ndarray:
    """Some that it may have seen, some that it hasn't, some far out."""
    if artefact.inputs != COLUMNS:
        return np.concatenate([RANDOM.normal(size=(200, artefact.inputs)), RANDOM.normal(size=(20, artefact.inputs)) * 1e6])
    return np.concatenate([NEW, VALUES, NEW[:20] * 1e30])


@pytest.mark.parametrize("name", CASES)
def test_the_file_answers_as_the_served_model(name: str) -> None:
    artefact = CASES[name]()
    difference = differing(onnx_bytes(manifest(artefact), artefact), artefact, new_rows(artefact))
    assert difference <= (1e-12 if name in EXACT else 1e-5)


def test_every_runtime_has_an_emitter_and_a_case() -> None:
    assert set(emitters()) == set(READERS) == {make().runtime for make in CASES.values()}


def test_a_row_with_a_hole_has_no_answer_and_the_others_keep_theirs() -> None:
    import onnxruntime

    artefact = CASES["gradient_boosting"]()
    given = NEW[:6].copy()
    given[1, 2], given[3, 0], given[4, 5] = np.nan, np.inf, -np.inf
    session = onnxruntime.InferenceSession(onnx_bytes(manifest(artefact), artefact))
    (answer,) = session.run(None, {"rows": given})
    assert np.isnan(answer).tolist() == [False, True, False, True, True, False]
    assert answer[[0, 2, 5]] == pytest.approx(artefact.predictor()(NEW[[0, 2, 5]]), abs=1e-12)


def test_the_metadata_says_what_to_feed_it(tmp_path: Path) -> None:
    import onnx

    artefact = CASES["forest over classes"]()
    about = manifest(artefact)
    done = export_onnx(about, artefact, NEW, tmp_path / "model.onnx")
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]
    assert (done.rows, done.size_bytes) == (len(NEW), (tmp_path / "model.onnx").stat().st_size)
    model = onnx.load(tmp_path / "model.onnx")
    onnx.checker.check_model(model, full_check=True)
    said = {prop.key: prop.value for prop in model.metadata_props}
    assert tuple(json.loads(said["features"])) == about.features
    assert tuple(json.loads(said["classes"])) == about.classes
    assert (said["schema_hash"], said["answer"], said["manifest_sha256"], said["model_id"]) == ("hash", "classes", "own", "demo/1")


def test_nothing_is_written_that_answers_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = CASES["xgboost logistic"](), xgboost_model(seed=1, columns=COLUMNS)
    moved = XgboostArtefact(other.model, other.trees, "tanh")
    monkeypatch.setattr(onnx_file, "onnx_bytes", lambda about, artefact: onnx_bytes(about, moved))
    with pytest.raises(OperatorFault, match=r"not written, its answers differ from the served model's by .* \(at most 1e-05\)"):
        export_onnx(manifest(one), one, NEW, tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_exported_or_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artefact = CASES["xgboost logistic"]()
    with pytest.raises(OperatorFault, match="can't be written"):
        export_onnx(manifest(artefact), artefact, NEW, tmp_path / "nowhere" / "model.onnx")
    object.__setattr__(artefact, "runtime", "crystal_ball")
    with pytest.raises(OperatorFault, match="runtime 'crystal_ball' can't be exported as ONNX; these can: forest, "):
        onnx_bytes(manifest(artefact), artefact)
    monkeypatch.setattr(onnx_file, "find_spec", lambda name: None if name == "onnxruntime" else name)
    with pytest.raises(OperatorFault, match=r"needs onnxruntime; install it with: pip install 'tradebot\[onnx\]'"):
        export_onnx(manifest(artefact), artefact, NEW, tmp_path / "model.onnx")


def test_the_graph_starts_from_rows_in_double() -> None:
    """A price in float32 has seven digits: the scaler needs more."""
    import onnx

    artefact = CASES["random_forest"]()
    model = onnx.load_from_string(onnx_bytes(manifest(artefact), artefact))
    (given,) = model.graph.input
    assert (given.name, given.type.tensor_type.elem_type) == (Graph.rows, onnx.TensorProto.DOUBLE)
    shifted = VALUES + 1e6
    forest = artefact.forest  # type: ignore[attr-defined]
    far = ForestArtefact(Forest(**{f: getattr(forest, f) for f in forest.__slots__} | {"mean": forest.mean + 1e6}))
    assert differing(onnx_bytes(manifest(far), far), far, shifted) <= 1e-12
