"""What a model's features looked like when it learned, kept beside the stored sessions: one sketch a feature, one file a model version."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np

from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.drift import Sketch
from tradebot.shell.store.feature_lineage import all_features, code_hash

_CODE: Final = b"tradebot_code"


def write_reference(folder: Path, model_version: str, sketches: Mapping[str, Sketch]) -> None:
    """Replace a version's file in one step. Raises OperatorFault when the folder can't be written."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = _path(folder, model_version)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    names = np.repeat(np.array(list(sketches), object), [len(s.edges) for s in sketches.values()])
    columns = {
        "feature": pa.array(names.tolist(), pa.string()),
        "edge": pa.array(np.concatenate([s.edges for s in sketches.values()])),
        "below": pa.array(np.concatenate([s.below for s in sketches.values()])),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns).replace_schema_metadata({_CODE: code_hash().encode()}), part, use_dictionary=["feature"])
        part.replace(path)
    except OSError as error:
        raise OperatorFault(f"{folder}: features can't be stored here ({error.strerror or error})") from error
    finally:
        with suppress(OSError):
            part.unlink()


def read_reference(folder: Path, model_version: str) -> dict[str, Sketch] | None:
    """The sketches by feature; None where there are none of this version, schema and code."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(_path(folder, model_version)) as file:
            if (file.schema_arrow.metadata or {}).get(_CODE) != code_hash().encode():
                return None
            table = file.read()
    except (pa.ArrowException, OSError):
        return None
    names = np.array(table.column("feature").to_pylist(), object)
    edges, below = (np.array(table.column(c).to_pylist(), np.float64) for c in ("edge", "below"))
    return {name: Sketch(edges[names == name], below[names == name]) for name in all_features()}


def _path(folder: Path, model_version: str) -> Path:
    return folder / f"reference_{model_version}.parquet"
