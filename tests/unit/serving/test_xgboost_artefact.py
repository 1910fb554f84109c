"""XGBoost's file read without XGBoost: its margins to the last bit, and a sentence for whatever is spoiled or foreign."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost
from hypothesis import given, settings
from hypothesis import strategies as st

from tradebot.core.domain.faults import OperatorFault
from tradebot.serving.artefacts.catalogue import read_artefact
from tradebot.serving.artefacts.ubj import read_ubj
from tradebot.serving.artefacts.xgboost import ABOUT, MODEL, XgboostArtefact
from tradebot.serving.boosted import BoostedSums

ROWS = np.random.default_rng(0).normal(size=(400, 5)) * [1, 1e-3, 1e5, 1, 1]
TARGET = (ROWS[:, 0] + ROWS[:, 3] * ROWS[:, 4] > 0).astype(float)


@cache
def booster(objective: str = "binary:logistic", rounds: int = 12, **more: Any) -> Any:
    label = np.digitize(ROWS[:, 0], [-0.5, 0.5]) if objective == "multi:softprob" else TARGET
    parameters = {"objective": objective, "max_depth": 4, "nthread": 1, "seed": 1, "verbosity": 0, **more}
    return xgboost.train(parameters, xgboost.DMatrix(ROWS, label), rounds)


def raw(objective: str = "binary:logistic", **more: Any) -> bytes:
    return bytes(booster(objective, **more).save_raw("ubj"))


@pytest.mark.parametrize(
    ("objective", "link", "more"),
    [
        ("binary:logistic", "logistic", {}),
        ("binary:logistic", "logistic", {"base_score": 0.2}),
        ("reg:squarederror", "tanh", {}),
        ("multi:softprob", "softmax", {"num_class": 3}),
        ("binary:logistic", "logistic", {"num_parallel_tree": 3, "subsample": 0.7}),
        ("binary:logistic", "logistic", {"tree_method": "exact", "gamma": 2.0}),
    ],
)
def test_margins_are_the_librarys_to_the_last_bit(objective: str, link: Any, more: dict[str, Any]) -> None:
    artefact = XgboostArtefact.of(raw(objective, **more), link)
    theirs = booster(objective, **more).inplace_predict(ROWS, predict_type="margin").reshape(400, -1)
    assert BoostedSums(artefact.trees)(ROWS).tobytes() == np.ascontiguousarray(theirs, np.float32).tobytes()


def test_round_trip(tmp_path: Path) -> None:
    artefact = XgboostArtefact.of(raw("reg:squarederror"), "tanh", 0.25)
    artefact.write(tmp_path)
    again = read_artefact(tmp_path, "xgboost")
    assert isinstance(again, XgboostArtefact)
    assert again.predictor()(ROWS).tobytes() == artefact.predictor()(ROWS).tobytes()
    assert again.numbers()(ROWS) == pytest.approx(0.25 * booster("reg:squarederror").inplace_predict(ROWS).astype(float), rel=1e-6)
    assert (again.answer, again.inputs, again.outputs) == ("position", 5, 1)
    assert json.loads((tmp_path / ABOUT).read_text()) == {"link": "tanh", "unit": 0.25}


@given(at=st.integers(0, len(raw()) - 1), value=st.integers(0, 255))
@settings(max_examples=150)
def test_a_changed_byte_never_gets_past_as_something_else(at: int, value: int) -> None:
    """Whatever byte changes: refused in one sentence, or a model that still walks. (The manifest's hash refuses it before that.)"""
    data = bytearray(raw())
    data[at] = value
    try:
        artefact = XgboostArtefact.of(bytes(data), "logistic")
    except (ValueError, KeyError, TypeError, AttributeError):
        return
    answers = artefact.predictor()(np.zeros((3, artefact.inputs))) if artefact.inputs < 1000 else np.zeros(3)
    assert np.isfinite(answers).all()


@pytest.mark.parametrize("cut", [0, 1, 17, 1000, 5000])
def test_a_cut_file_is_refused(cut: int, tmp_path: Path) -> None:
    XgboostArtefact.of(raw(), "logistic").write(tmp_path)
    (tmp_path / MODEL).write_bytes(raw()[:cut])
    with pytest.raises(OperatorFault, match="this is no XGBoost model of ours"):
        XgboostArtefact.read(tmp_path)
    (tmp_path / MODEL).write_bytes(raw() + b"x")
    with pytest.raises(OperatorFault, match="1 bytes follow"):
        XgboostArtefact.read(tmp_path)


@pytest.mark.parametrize(
    ("data", "about", "why"),
    [
        (b"PK\x03\x04", '{"link": "logistic", "unit": 1.0}', "begins no UBJ value"),
        (b"{}", '{"link": "logistic", "unit": 1.0}', "'learner'"),
        (raw(booster="gblinear", updater="shotgun"), '{"link": "logistic", "unit": 1.0}', "is 'gblinear', not trees"),
        (raw(booster="dart"), '{"link": "logistic", "unit": 1.0}', "is 'dart', not trees"),
        (raw(), '{"link": "softmax", "unit": 1.0}', "can't be answered by 'softmax'"),
        (raw(), '{"link": "magic", "unit": 1.0}', "can't be answered by 'magic'"),
        (raw(), '{"link": "logistic", "unit": 0.0}', "no unit of a target"),
        (raw(), '{"link": "logistic"}', "'unit'"),
        (raw(), "[]", "this is no XGBoost model"),
    ],
)
def test_what_is_foreign_is_refused(data: bytes, about: str, why: str, tmp_path: Path) -> None:
    (tmp_path / MODEL).write_bytes(data)
    (tmp_path / ABOUT).write_text(about)
    with pytest.raises(OperatorFault, match="this is no XGBoost model of ours") as fault:
        XgboostArtefact.read(tmp_path)
    assert why in str(fault.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    XgboostArtefact.of(raw(), "logistic").write(tmp_path)
    (tmp_path / MODEL).unlink()
    with pytest.raises(OperatorFault, match=r"model\.ubj: the model's file is missing"):
        XgboostArtefact.read(tmp_path)


def test_categories_are_refused() -> None:
    import pandas as pd

    frame = pd.DataFrame({"a": ROWS[:, 0], "b": pd.Categorical((ROWS[:, 3] > 0).astype(int) + 2 * (ROWS[:, 4] > 0))})
    model = xgboost.train({"objective": "binary:logistic"}, xgboost.DMatrix(frame, TARGET, enable_categorical=True), 5)
    with pytest.raises(ValueError, match="categories"):
        XgboostArtefact.of(bytes(model.save_raw("ubj")), "logistic")


def test_the_document_is_the_librarys_own_json(tmp_path: Path) -> None:
    booster().save_model(tmp_path / "m.json")
    theirs = json.loads((tmp_path / "m.json").read_text())
    ours = json.loads(json.dumps(read_ubj(raw()), default=lambda array: array.tolist()))
    assert set(ours["learner"]) == set(theirs["learner"])
    for a, b in zip(
        ours["learner"]["gradient_booster"]["model"]["trees"], theirs["learner"]["gradient_booster"]["model"]["trees"], strict=True
    ):
        assert a["left_children"] == b["left_children"]
        assert np.float32(a["split_conditions"]).tolist() == np.float32(b["split_conditions"]).tolist()


def test_ubj_by_hand() -> None:
    assert read_ubj(b"{i\x01aSi\x02hii\x01bT}") == {"a": "hi", "b": True}
    assert read_ubj(b"[U\x05I\xff\xfeZF]") == [5, -2, None, False]
    assert read_ubj(b"[$d#i\x02" + np.array([1.5, -2.0], ">f4").tobytes()).tolist() == [1.5, -2.0]
    for broken in (b"", b"[", b"{i\x01a", b"[$d#i\x02\x00", b"[" * 100, b"Si\xffa", b"SL" + b"\x7f" * 8, b"[$S#i\x01a", b"H"):
        with pytest.raises(ValueError, match="UBJ"):
            read_ubj(broken)


def test_serving_needs_no_xgboost(tmp_path: Path) -> None:
    XgboostArtefact.of(raw(), "logistic").write(tmp_path)
    code = (
        "import sys, numpy as np; from pathlib import Path; from tradebot.serving.artefacts.catalogue import read_artefact; "
        f"read_artefact(Path({str(tmp_path)!r}), 'xgboost').predictor()(np.zeros((2, 5))); sys.exit('xgboost' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@given(st.binary(max_size=60))
def test_any_bytes_are_a_document_or_a_sentence(data: bytes) -> None:
    for start in (b"", b"{i\x01a", b"[$d#", b"[#", b"{i\x01a["):
        try:
            read_ubj(start + data)
        except ValueError as error:
            assert str(error)
