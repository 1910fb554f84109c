"""Rows of an export into a file, as they come: nothing but a batch of them is in memory, and the file appears whole or not at all."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

import orjson

from tradebot.core.domain.faults import OperatorFault

Row = dict[str, Any]
FORMATS: Final = ("csv", "parquet", "json")
_BATCH: Final = 5_000
_WHOLE: Final = frozenset({"qty", "shares_sized"})
_NUMBER: Final = frozenset(
    {"entry_price", "confidence", "stop_loss", "take_profit", "exit_price", "pnl_pct", "pnl_amount", "price", "notional", "threshold"}
)
_NUMBERS_BY_NAME: Final = frozenset({"features", "signals", "weights", "factors"})


def write_table(rows: Iterator[Row], name: str, kind: str, file: Path) -> int:
    """How many rows were written; with none there is no file. Mappings are JSON text in a CSV and maps in Parquet.

    Raises OperatorFault where the file can't be written.
    """
    batches = iter(lambda: list(islice(rows, _BATCH)), [])
    first = next(batches, None)
    if first is None:
        return 0
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        try:
            written = _WRITERS[kind](part, name, _chained(first, batches))
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise OperatorFault(f"cannot write {file}: {error.strerror or error}") from error
    return written


def _chained(first: list[Row], rest: Iterator[list[Row]]) -> Iterator[list[Row]]:
    yield first
    yield from rest


def _csv(part: Path, _name: str, batches: Iterator[list[Row]]) -> int:
    written = 0
    with part.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        for batch in batches:
            if not written:
                writer.writerow(batch[0])
            writer.writerows([_cell(value) for value in row.values()] for row in batch)
            written += len(batch)
    return written


def _cell(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, dict) else value


def _json(part: Path, _name: str, batches: Iterator[list[Row]]) -> int:
    written = 0
    with part.open("wb") as out:
        for batch in batches:
            for row in batch:
                out.write(b"[\n" if not written else b",\n")
                out.write(orjson.dumps(row))
                written += 1
        out.write(b"\n]\n")
    return written


def _parquet(part: Path, name: str, batches: Iterator[list[Row]]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    written, writer = 0, None
    try:
        for batch in batches:
            if writer is None:
                schema = pa.schema([(column, _type(column)) for column in batch[0]], {"tradebot": name})
                writer = pq.ParquetWriter(part, schema)
            columns = [[_pairs(row[column]) for row in batch] for column in schema.names]
            writer.write_table(pa.Table.from_arrays([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema))
            written += len(batch)
    finally:
        if writer is not None:
            writer.close()
    return written


def _pairs(value: Any) -> Any:
    return list(value.items()) if isinstance(value, dict) else value


def _type(column: str) -> Any:
    import pyarrow as pa

    if column in _NUMBERS_BY_NAME:
        return pa.map_(pa.string(), pa.float64())
    if column in _WHOLE:
        return pa.int64()
    return pa.float64() if column in _NUMBER else pa.string()


_WRITERS: Final = {"csv": _csv, "json": _json, "parquet": _parquet}
