"""A served model as an ONNX file, held against the served model before it takes its name."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np

from tradebot.core.domain.bars import Float
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.export.catalogue import emit
from tradebot.learning.export.graph import Graph
from tradebot.serving.artefacts.artefact import Artefact
from tradebot.serving.manifest import Manifest

TOLERANCE: Final = 1e-5
"""What float32 arithmetic in another order may differ by."""


@dataclass(frozen=True, slots=True)
class Exported:
    """The file, the rows that it was compared on, and the largest difference there."""

    path: Path
    size_bytes: int
    rows: int
    difference: float


def need_onnx() -> None:
    """Raise OperatorFault unless the extra is installed."""
    missing = [name for name in ("onnx", "onnxruntime") if find_spec(name) is None]
    if missing:
        raise OperatorFault(f"ONNX export needs {' and '.join(missing)}; install it with: pip install 'tradebot[onnx]'")


def export_onnx(manifest: Manifest, artefact: Artefact, rows: Float, path: Path) -> Exported:
    """Write `path`: float64 `rows` (N, F) in the order of `features` in its metadata, scaler inside, to float64 `answer`.

    `rows` (R, F) are real ones, on which it has to answer as the served model does. Raises OperatorFault where a runtime can't be exported,
    where the answers differ by more than TOLERANCE, and where the file can't be written.
    """
    need_onnx()
    assert len(rows), "an export is checked on real rows"
    data = onnx_bytes(manifest, artefact)
    difference = differing(data, artefact, rows)
    if not difference <= TOLERANCE:
        raise OperatorFault(f"{path}: not written, its answers differ from the served model's by {difference:.2g} (at most {TOLERANCE})")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OperatorFault(f"{path}: can't be written ({error.strerror or error})") from error
    return Exported(path, len(data), len(rows), difference)


def onnx_bytes(manifest: Manifest, artefact: Artefact) -> bytes:
    """The model as ONNX. Its metadata says which features it reads, in which order, and what it answers."""
    graph = Graph()
    answer = emit(artefact, graph, graph.rows)
    metadata = {
        "model_id": manifest.model_id, "features": json.dumps(manifest.features), "schema_hash": manifest.schema_hash,
        "answer": manifest.answer, "classes": json.dumps(manifest.classes), "label": manifest.label,
        "label_parameters": json.dumps(manifest.label_parameters, sort_keys=True), "manifest_sha256": manifest.sha256,
    }  # fmt: skip
    return graph.model(answer, artefact.inputs, artefact.outputs, metadata, manifest.kind)


def differing(data: bytes, artefact: Artefact, rows: Float) -> float:
    """The largest difference between the file's answers and the artefact's: on `rows`, on each of the first alone, and where one is NaN."""
    holed = rows[:3].copy()
    holed[:, 0] = [np.nan, np.inf, -np.inf][: len(holed)]
    predict, session = artefact.predictor(), _session(data)
    parts = [rows, holed, *(rows[i : i + 1] for i in range(min(len(rows), 3)))]
    return max(_difference(predict(part), session.run(None, {Graph.rows: part})[0]) for part in parts)


def _difference(ours: Float, theirs: Float) -> float:
    """Infinite where one answers and the other doesn't, or the shapes differ."""
    if ours.shape != theirs.shape or not np.array_equal(np.isnan(ours), np.isnan(theirs)):
        return float("inf")
    return float(np.nanmax(np.abs(ours - theirs), initial=0.0)) if np.isfinite(ours).any() else 0.0


def _session(data: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = 1, 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
