"""Networks served without PyTorch: its numbers, the same bits for one row and for many, and files that are not whole."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba import njit
from safetensors.numpy import load_file, save_file

from tests.unit.serving.networks import architecture, artefact, rows_of, torch_answers
from tradebot.core.domain.faults import OperatorFault
from tradebot.serving.artefacts.network import ARRAYS_FILE, SIZES_FILE, NetworkArtefact
from tradebot.serving.networks.architecture import Architecture
from tradebot.serving.networks.dense import accumulate, exp16, logistic16, tanh16
from tradebot.serving.networks.floats import load, store

SIZES = [
    architecture("lstm"),
    architecture("lstm", width=20, layers=2, statics=0),
    architecture("lstm", width=64, outputs=3),
    Architecture("lstm", ((1, 1),), 0, 4, 1, 1, 1),
    architecture("attention"),
    architecture("attention", width=20, layers=2, heads=5, statics=0),
    architecture("attention", width=64, heads=4, outputs=3),
    Architecture("attention", ((33, 2),), 1, 6, 1, 3, 1),
]


@pytest.mark.parametrize("sizes", SIZES, ids=lambda a: f"{a.kind}-{a.width}x{a.layers}-{a.outputs}")
def test_served_is_torch(sizes: Architecture) -> None:
    made = artefact(sizes, "probability" if sizes.outputs == 1 else "classes")
    rows = rows_of(made)
    ours, theirs = made.predictor()(rows), torch_answers(made, rows)
    assert ours.shape == ((70,) if sizes.outputs == 1 else (70, sizes.outputs))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)
    assert theirs.std() > 1e-4


@pytest.mark.parametrize("sizes", SIZES, ids=lambda a: f"{a.kind}-{a.width}x{a.layers}-{a.outputs}")
def test_one_row_and_any_batch_agree_bit_for_bit(sizes: Architecture) -> None:
    made = artefact(sizes, "position" if sizes.outputs == 1 else "classes")
    rows, served = rows_of(made), made.predictor()
    whole = served(rows)
    for count in (1, 3, 4, 7, 8, 9, 64):
        parts = [served(rows[i : i + count]) for i in range(0, len(rows), count)]
        assert np.concatenate(parts).tobytes() == whole.tobytes(), count
    order = np.random.default_rng(2).permutation(len(rows))
    assert served(rows[order]).tobytes() == whole[order].tobytes()
    with ThreadPoolExecutor(4) as pool:
        assert all(x.tobytes() == whole.tobytes() for x in pool.map(served, [rows] * 8))


@pytest.mark.parametrize("kind", ["lstm", "attention"])
def test_a_row_with_a_number_that_is_not_finite_has_no_answer_and_disturbs_no_other(kind: Any) -> None:
    made = artefact(architecture(kind))
    rows, served = rows_of(made, 12), made.predictor()
    whole, broken = served(rows), rows.copy()
    unread = next(i for i in range(made.inputs) if i not in made.reading.columns)
    broken[2, 0], broken[5, 3], broken[9, unread] = np.nan, np.inf, -np.inf
    told = served(broken)
    assert np.isnan(told[[2, 5, 9]]).all()
    others = np.delete(np.arange(12), [2, 5, 9])
    assert told[others].tobytes() == whole[others].tobytes()
    assert len(served(rows[:0])) == 0


def test_wild_numbers_are_clipped_and_answered() -> None:
    for answer, low in (("probability", 0.0), ("position", -1.0)):
        made = artefact(architecture(), answer)  # type: ignore[arg-type]
        said = made.predictor()(rows_of(made) * 1e12)
        assert ((said >= low) & (said <= 1.0)).all()


@njit
def _curves(x, a, b, c):  # type: ignore[no-untyped-def]
    for i in range(0, len(x), 16):
        store(a, i, tanh16(load(x, i)))
        store(b, i, logistic16(load(x, i)))
        store(c, i, exp16(load(x, i)))


def test_curves_are_numpys() -> None:
    x = np.concatenate([np.linspace(-100, 0, 40_000), np.linspace(0, 30, 40_000)]).astype(np.float32)
    a, b, c = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
    _curves(x, a, b, c)
    exact = x.astype(np.float64)
    np.testing.assert_allclose(a, np.tanh(exact), rtol=0, atol=4e-7)
    np.testing.assert_allclose(b, 1 / (1 + np.exp(-exact)), rtol=0, atol=3e-7)
    below = (exact <= 0) & (exact >= -86)
    np.testing.assert_allclose(c[below], np.exp(exact[below]), rtol=3e-7)
    assert (c[exact < -89] == 0).all()


@pytest.mark.parametrize(("rows", "inputs", "columns"), [(1, 1, 16), (3, 5, 80), (4, 7, 64), (9, 33, 144), (8, 64, 256)])
def test_products_are_numpys(rows: int, inputs: int, columns: int) -> None:
    rng = np.random.default_rng(rows)
    x, start = (rng.normal(size=s).astype(np.float32) for s in ((rows, inputs), (rows, columns)))
    w = rng.normal(size=(inputs, columns)).astype(np.float32)
    z = np.concatenate([x.ravel(), start.ravel()])
    accumulate(z, 0, inputs, rows, inputs, w.ravel(), 0, columns, columns, rows * inputs, columns)
    expected = start.astype(np.float64) + x.astype(np.float64) @ w.astype(np.float64)
    np.testing.assert_allclose(z[rows * inputs :].reshape(rows, columns), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["lstm", "attention"])
def test_written_and_read_it_answers_bit_for_bit_and_writes_the_same_files(tmp_path: Path, kind: Any) -> None:
    made = artefact(architecture(kind), "position")
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
    made.write(folders[0])
    back = NetworkArtefact.read(folders[0])
    back.write(folders[1])
    assert back.predictor()(rows_of(made)).tobytes() == made.predictor()(rows_of(made)).tobytes()
    assert (back.answer, back.inputs, back.outputs, back.shift) == ("position", made.inputs, 1, 0.25)
    assert sorted(p.name for p in folders[0].iterdir()) == [SIZES_FILE, ARRAYS_FILE]
    for name in (SIZES_FILE, ARRAYS_FILE):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()


def test_serving_does_not_import_torch(tmp_path: Path) -> None:
    artefact(architecture()).write(tmp_path)
    code = (
        "import sys, numpy as np; from pathlib import Path\n"
        "from tradebot.serving.artefacts.catalogue import read_artefact\n"
        f"made = read_artefact(Path({str(tmp_path)!r}), 'network')\n"
        "assert np.isfinite(made.predictor()(np.zeros((2, made.inputs)))).all()\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def _sizes(folder: Path, **changes: object) -> None:
    said = json.loads((folder / SIZES_FILE).read_text())
    for key, value in changes.items():
        if key in said:
            said[key] = value
        else:
            said["architecture"][key] = value
    (folder / SIZES_FILE).write_text(json.dumps(said))


def _arrays(folder: Path, **changes: object) -> None:
    arrays: dict[str, Any] = load_file(folder / ARRAYS_FILE)
    arrays.update(changes)
    save_file({name: array for name, array in arrays.items() if array is not None}, folder / ARRAYS_FILE)


SPOILED = {
    "no sizes": lambda f: (f / SIZES_FILE).unlink(),
    "no arrays": lambda f: (f / ARRAYS_FILE).unlink(),
    "cut off": lambda f: (f / ARRAYS_FILE).write_bytes((f / ARRAYS_FILE).read_bytes()[:-9]),
    "not JSON": lambda f: (f / SIZES_FILE).write_text("{"),
    "a list": lambda f: (f / SIZES_FILE).write_text("[1]"),
    "another format": lambda f: _sizes(f, format=2),
    "wider than its arrays": lambda f: _sizes(f, width=12),
    "of another kind": lambda f: _sizes(f, kind="attention"),
    "of an unknown kind": lambda f: _sizes(f, kind="transformer"),
    "a width of text": lambda f: _sizes(f, width="8"),
    "no sequences": lambda f: _sizes(f, sequences=[]),
    "endless": lambda f: _sizes(f, sequences=[[10**9, 3], [3, 2]]),
    "a size unknown": lambda f: _sizes(f, depth=3),
    "classes of one": lambda f: _sizes(f, answer="classes"),
    "an answer unknown": lambda f: _sizes(f, answer="number"),
    "shift of text": lambda f: _sizes(f, shift="0"),
    "a row too narrow": lambda f: _sizes(f, row=5),
    "an array missing": lambda f: _arrays(f, **{"score.bias": None}),
    "an array too many": lambda f: _arrays(f, foreign=np.zeros(1, np.float32)),
    "an array of doubles": lambda f: _arrays(f, **{"score.bias": np.zeros(1)}),
    "a weight not finite": lambda f: _arrays(f, **{"score.bias": np.array([np.nan], np.float32)}),
    "a scale of nothing": lambda f: _arrays(f, **{"reading.scale": np.zeros(27)}),
    "a column before the first": lambda f: _arrays(f, **{"reading.columns": np.full(27, -1)}),
}


@pytest.mark.parametrize("how", SPOILED)
def test_files_that_are_not_whole_are_refused(tmp_path: Path, how: str) -> None:
    made = artefact(architecture())
    assert made.architecture.inputs == 27
    made.write(tmp_path)
    SPOILED[how](tmp_path)
    with pytest.raises(OperatorFault, match=r"network\.(json|safetensors)"):
        NetworkArtefact.read(tmp_path)
