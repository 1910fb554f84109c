"""One session's features as Parquet, and the memory at its end: written whole or not at all, read back bit for bit.

Columns of `<session>.parquet`: `minute` (UTC), `symbol`, `bars_seen`, then every feature as float64, a row for each minute and symbol of
the session (NaN and 0 bars seen where there was no bar). `<session>.memory.parquet` holds each symbol's memory after the last minute.
Both carry a `Description` in their metadata.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from tradebot.core.domain.bars import Float, Int, MarketGrid
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.catalogue import STATE_WIDTH
from tradebot.shell.store.feature_lineage import Lineage, all_features, catalogue_hash, code_hash, lineage

FORMAT: Final = 1
_KEY: Final = b"tradebot"


class Description(msgspec.Struct, frozen=True):
    """What a file says of itself. `bars` is the hash of all bars, from the first session on, that the values depend on."""

    format: int
    session: dt.date
    schema_hash: str
    code_hash: str
    bars: str
    symbols: tuple[str, ...]
    minutes: int
    features: tuple[Lineage, ...]
    tradebot: str

    def is_of(self, bars: str) -> bool:
        """Whether this program would compute the same from these bars."""
        return (self.format, self.schema_hash, self.code_hash, self.bars) == (FORMAT, catalogue_hash(), code_hash(), bars)


@dataclass(frozen=True, slots=True)
class SessionRows:
    """One session's minutes (T,), values (T, N, F) of some features and bars seen (T, N)."""

    minute_ns: Int
    symbols: tuple[str, ...]
    values: Float
    seen: Int


def describe(grid: MarketGrid, bars: str) -> Description:
    """Of one session's grid, computed now."""
    session, minutes = grid.sessions[0].date, len(grid.minute_ns)
    return Description(FORMAT, session, catalogue_hash(), code_hash(), bars, grid.symbols, minutes, lineage(), version("tradebot"))


def bars_hash(before: str, grid: MarketGrid) -> str:
    """Chain hash of the bars: `before` is that of the sessions before, "" at the first. Symbols, session times, tape and macro enter."""
    digest = hashlib.sha256(f"{before}|{','.join(grid.symbols)}|".encode())
    for session in grid.sessions:
        digest.update(f"{session.date}|{session.open_ns}|{session.close_ns}|".encode())
    for column in (grid.minute_ns, grid.open, grid.high, grid.low, grid.close, grid.volume, grid.present, grid.tape, grid.macro):
        digest.update(b"-" if column is None else np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()


def write_values(path: Path, description: Description, rows: SessionRows) -> None:
    """All features of one session. Raises OperatorFault when the folder can't be written."""
    import pyarrow as pa

    minutes, symbols = rows.seen.shape
    flat = np.ascontiguousarray(rows.values.reshape(minutes * symbols, -1).T)
    which = pa.array(np.tile(np.arange(symbols, dtype=np.int32), minutes))
    table = pa.table(
        {
            "minute": pa.array(np.repeat(rows.minute_ns, symbols)).cast(pa.timestamp("ns", "UTC")),
            "symbol": pa.DictionaryArray.from_arrays(which, pa.array(rows.symbols, pa.string())),
            "bars_seen": pa.array(rows.seen.reshape(-1)),
            **{name: pa.array(column) for name, column in zip(all_features(), flat, strict=True)},
        }
    )
    _write(path, description, table, use_dictionary=["symbol"])


def write_memory(path: Path, description: Description, memory: Float) -> None:
    """The memory (N, S) after the session's last minute. Raises OperatorFault when the folder can't be written."""
    import pyarrow as pa

    rows = pa.array([row.tobytes() for row in memory], pa.binary())
    _write(path, description, pa.table({"symbol": pa.array(description.symbols, pa.string()), "memory": rows}), use_dictionary=False)


def read_description(path: Path) -> Description | None:
    """What a file says of itself, None where there is no file of ours."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            text = (file.schema_arrow.metadata or {}).get(_KEY, b"")
        return msgspec.json.decode(text, type=Description)
    except (pa.ArrowException, OSError, msgspec.DecodeError):
        return None


def read_values(path: Path, description: Description, names: tuple[str, ...]) -> SessionRows | None:
    """Some features of a file with this description, bit for bit what was written; None where the file is damaged."""
    import pyarrow as pa

    table = _read(path, ["minute", "bars_seen", *names])
    shape = description.minutes, len(description.symbols)
    if table is None or len(table) != shape[0] * shape[1]:
        return None
    values = np.empty((*shape, len(names)))
    for f, name in enumerate(names):
        values[:, :, f] = _numpy(table.column(name)).reshape(shape)
    minutes = _numpy(table.column("minute").cast(pa.int64())).reshape(shape)[:, :1]
    return SessionRows(np.ascontiguousarray(minutes[:, 0]), description.symbols, values, _numpy(table.column("bars_seen")).reshape(shape))


def read_memory(path: Path, bars: str) -> Float | None:
    """The memory (N, S) that a file of these bars holds; None where there is none, or it is damaged or of other bars or code."""
    description = read_description(path)
    table = _read(path, ["memory"]) if description is not None and description.is_of(bars) else None
    if description is None or table is None:
        return None
    rows = table.column("memory").to_pylist()
    if len(rows) != len(description.symbols) or any(len(row) != 8 * STATE_WIDTH for row in rows):
        return None
    return np.frombuffer(b"".join(rows), np.float64).reshape(len(rows), STATE_WIDTH).copy()


def _write(path: Path, description: Description, table: Any, use_dictionary: list[str] | bool) -> None:
    """Replace the file in one step."""
    import pyarrow.parquet as pq

    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        table = table.replace_schema_metadata({_KEY: msgspec.json.encode(description)})
        pq.write_table(table, part, compression="zstd", use_dictionary=use_dictionary, write_page_checksum=True, write_statistics=False)
        part.replace(path)
    except OSError as error:
        raise OperatorFault(f"{path.parent}: features can't be stored here ({error.strerror or error})") from error
    finally:
        with suppress(OSError):
            part.unlink()


def _read(path: Path, columns: list[str]) -> Any:
    """Columns of a file as a table, None where it is damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            return file.read(columns=columns)
    except (pa.ArrowException, OSError):
        return None


def _numpy(column: Any) -> Any:
    """A copy as a numpy array, without pandas."""
    return np.array(np.from_dlpack(column.combine_chunks()))
