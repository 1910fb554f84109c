"""Calibration: against scikit-learn and the definition of Venn-Abers, valid on rows it has not seen, and served bit for bit."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from tests.unit.learning.trainers.rows import fit, planted
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.calibration import LEVELS, calibrated, isotonic, venn_abers, venn_abers_pair
from tradebot.learning.config import TrainingConfig
from tradebot.learning.evaluation import reliability
from tradebot.learning.fitting import fit_rows, split_watch, stops_early
from tradebot.learning.training import TRAINERS
from tradebot.serving.artefacts.calibrated import CalibratedArtefact, Curve, calibrate
from tradebot.serving.artefacts.catalogue import read_artefact


def overconfident(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores twice as sure, in log odds, as what comes."""
    random = np.random.default_rng(seed)
    odds = random.normal(size=count)
    return 1 / (1 + np.exp(-2 * odds)), (random.random(count) < 1 / (1 + np.exp(-odds))).astype(np.float64)


def test_isotonic_is_scikit_learns() -> None:
    score, truth = overconfident(500, 1)
    later, _ = overconfident(300, 2)
    weight = np.random.default_rng(3).random(500) + 0.5
    expected = IsotonicRegression(out_of_bounds="clip").fit(score, truth, weight).predict(later)
    assert calibrate(isotonic(score, truth, weight), later) == pytest.approx(expected, abs=1e-12)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=2, max_size=40), st.integers(0, 9))
def test_venn_abers_is_two_isotonic_fits(rows: list[tuple[int, bool]], new: int) -> None:
    """The definition: p1 and p0 are the fitted values of the new row when it joins the rows as a 1 and as a 0."""
    score = np.array([s / 10 for s, _ in rows])
    truth = np.array([float(t) for _, t in rows])
    edges, low, high = venn_abers_pair(score, truth, np.ones(len(rows)))
    level = int(np.searchsorted(edges, new / 10, side="left"))
    places = np.append(np.searchsorted(edges, score, side="left"), level)
    for label, pair in ((0.0, low), (1.0, high)):
        expected = IsotonicRegression().fit(places, np.append(truth, label)).predict([level])[0]
        assert pair[level] == pytest.approx(expected, abs=1e-9)
    assert (low <= high + 1e-12).all()
    curve = venn_abers(score, truth, np.ones(len(rows)))
    assert (np.diff(curve.y) >= -1e-12).all()


@pytest.mark.parametrize("method", ["isotonic", "venn_abers"])
def test_what_is_said_is_what_comes(method: str) -> None:
    score, truth = overconfident(3000, 4)
    later, came = overconfident(20000, 5)
    curve = {"isotonic": isotonic, "venn_abers": venn_abers}[method](score, truth, np.ones(3000))
    assert len(curve.x) <= max(LEVELS, len(score))
    before, after = reliability(came, later), reliability(came, calibrate(curve, later))
    assert before.reliability > 0.004
    assert after.reliability < 0.001


def test_venn_abers_covers_the_truth_on_average() -> None:
    """Vovk's guarantee, on many small calibrations: the mean of p0 is not above, of p1 not below the rate of yes."""
    lows, highs, hits = [], [], []
    for seed in range(200):
        score, truth = overconfident(30, seed)
        later, came = overconfident(20, 1000 + seed)
        edges, low, high = venn_abers_pair(score, truth, np.ones(30))
        level = np.searchsorted(edges, later, side="left")
        lows.append(low[level].mean())
        highs.append(high[level].mean())
        hits.append(came.mean())
    assert np.mean(lows) < np.mean(hits) < np.mean(highs)
    assert np.mean(highs) - np.mean(lows) < 0.25


@pytest.mark.parametrize("method", ["isotonic", "venn_abers"])
def test_a_calibrated_model_serves_what_it_was_measured_with(method: str, tmp_path: Path) -> None:
    config = TrainingConfig(kind="xgboost", trees=20, depth=3, calibration=method, watch_fraction=0.3, device="cpu")  # type: ignore[arg-type]
    fitted = fit_rows(TRAINERS["xgboost"], planted(3000, 6), config, lambda _: None)
    rows = planted(500, 7).values
    rows[3, 2] = np.nan
    served = fitted.artefact.predictor()(rows)
    assert np.isnan(served[3])
    assert np.isnan(served).sum() == 1
    assert served.tobytes() == np.concatenate([fitted.artefact.predictor()(rows[i : i + 1]) for i in range(500)]).tobytes()
    assert fitted.reference(rows[10:]).tobytes() == served[10:].tobytes()
    fitted.artefact.write(tmp_path)
    again = read_artefact(tmp_path, fitted.artefact.runtime)
    assert (again.answer, again.inputs, again.outputs) == ("probability", rows.shape[1], 1)
    assert again.predictor()(rows).tobytes() == served.tobytes()
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == [
        "calibration.safetensors", "model.ubj", "runtime.txt", "xgboost.json",
    ]  # fmt: skip


def test_it_is_fitted_on_rows_that_nothing_else_has_seen() -> None:
    """Early stopping has the first half of the watched rows, calibration the second; neither overlaps a label of what is before."""
    rows = planted(3000, 8)
    seen: list[object] = []

    def watching(train, watch, config, say):  # type: ignore[no-untyped-def]
        seen.extend((train, watch))
        return TRAINERS["xgboost"](train, watch, config, say)

    config = TrainingConfig(kind="xgboost", trees=20, calibration="isotonic", watch_fraction=0.4, early_stopping_rounds=5, device="cpu")
    said: list[str] = []
    fit_rows(watching, rows, config, said.append)
    train, watch = seen
    held = int(next(line for line in said if "calibration on" in line).split(" on ")[1].split()[0])
    assert stops_early(config)
    assert train.end_ns.max() <= watch.minute_ns.min()  # type: ignore[attr-defined]
    assert len(train) + len(watch) + held == 3000 - 2 * 4  # type: ignore[arg-type]
    assert abs(held - len(watch)) < 110  # type: ignore[arg-type]
    kept, nothing = split_watch(rows, dataclasses.replace(config, calibration="none", early_stopping_rounds=0))
    assert (len(kept), len(nothing)) == (3000, 0)


def test_refuses_what_it_can_not_calibrate() -> None:
    number = fit(planted(500, 9, "number"), TrainingConfig(kind="xgboost_regression", trees=5, device="cpu"))
    with pytest.raises(OperatorFault, match="answers with a position"):
        calibrated(number, planted(500, 9), "isotonic", lambda _: None)
    yes_no = fit(planted(500, 9), TrainingConfig(kind="xgboost", trees=5, device="cpu"))
    with pytest.raises(OperatorFault, match="12 watched rows are too little"):
        calibrated(yes_no, planted(12, 9), "isotonic", lambda _: None)
    one = dataclasses.replace(planted(100, 9), target=np.ones(100))
    with pytest.raises(OperatorFault, match="of one class"):
        calibrated(yes_no, one, "isotonic", lambda _: None)


@pytest.mark.parametrize(
    ("curve", "why"),
    [
        (("bent", [0.0], [0.5]), "are no 'bent'"),
        (("lines", [0.0, 1.0], [0.5]), "2 and 1 numbers"),
        (("steps", [0.0], [0.5]), "1 and 1 numbers"),
        (("lines", [1.0, 0.0], [0.5, 0.6]), "goes back"),
        (("lines", [0.0, 1.0], [0.5, 1.6]), "leaves the probabilities"),
    ],
)
def test_no_curve(curve: tuple[str, list[float], list[float]], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Curve(curve[0], np.array(curve[1]), np.array(curve[2]))  # type: ignore[arg-type]


def test_a_spoiled_curve_is_refused(tmp_path: Path) -> None:
    fitted = fit(planted(500, 9), TrainingConfig(kind="random_forest", trees=3))
    CalibratedArtefact(fitted.artefact, Curve("lines", np.array([0.0, 1.0]), np.array([0.2, 0.8]))).write(tmp_path)
    assert CalibratedArtefact.read(tmp_path).predictor()(planted(3, 1).values).shape == (3,)
    (tmp_path / "calibration.safetensors").write_bytes(b"nothing")
    with pytest.raises(OperatorFault, match="no calibration of ours"):
        CalibratedArtefact.read(tmp_path)
    (tmp_path / "calibration.safetensors").unlink()
    with pytest.raises(OperatorFault, match="file is missing"):
        CalibratedArtefact.read(tmp_path)
