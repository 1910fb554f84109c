"""What a folder of bars holds, and what is wrong with it, file by file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tradebot.core.domain.bars import BarColumns
from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.store.bar_file import BarFileName, QuoteColumns, bar_files, fault_at, read_bars, read_quotes
from tradebot.shell.store.sidecar import file_sha256, read_sidecar


@dataclass(frozen=True, slots=True)
class FileCheck:
    """One file's state. `first_ns`/`last_ns` are its first and last minute; `fault` is empty when nothing is wrong."""

    file: str
    symbol: str
    kind: str  # bars | quotes
    rows: int = 0
    first_ns: int = 0
    last_ns: int = 0
    feed: str = ""
    adjustment: str = ""
    fault: str = ""


def check_bar_folder(path: Path) -> list[FileCheck]:
    """Read every file and say what is wrong with each, overlap of two files included. Raises OperatorFault for a folder without files."""
    checks = [_checked(name) for name in _files(path)]
    return [_overlap(path, check, checks) for check in checks]


def list_bar_folder(path: Path) -> list[FileCheck]:
    """What is there, from Parquet footers and sidecars alone. Raises OperatorFault for a folder without files."""
    return [_listed(name) for name in _files(path)]


def _files(path: Path) -> list[BarFileName]:
    names = bar_files(path)
    if not names:
        raise OperatorFault(f"{path}: no bars here: there is no file named SYMBOL_1m*.parquet")
    return names


def _checked(name: BarFileName) -> FileCheck:
    blank = _described(name)
    try:
        columns: BarColumns | QuoteColumns = read_quotes(name) if name.is_quotes else read_bars(name)
        sidecar = read_sidecar(name.path)
        if sidecar is not None and sidecar.sha256 != file_sha256(name.path):
            raise OperatorFault(f"{name.path}: {name.symbol}: the file is not the one that its sidecar describes")
    except OperatorFault as fault:
        return replace(blank, fault=str(fault))
    minute_ns = columns.minute_ns
    return replace(blank, rows=len(minute_ns), first_ns=int(minute_ns[0]), last_ns=int(minute_ns[-1]))


def _overlap(path: Path, check: FileCheck, checks: Sequence[FileCheck]) -> FileCheck:
    for other in checks:
        same = other.symbol == check.symbol and other.kind == check.kind and not other.fault and not check.fault
        if same and other.file < check.file and other.first_ns <= check.last_ns and check.first_ns <= other.last_ns:
            at_ns = max(check.first_ns, other.first_ns)
            return replace(check, fault=str(fault_at(path / check.file, check.symbol, at_ns, f"timestamp is also in {other.file}")))
    return check


def _listed(name: BarFileName) -> FileCheck:
    import pyarrow as pa
    import pyarrow.parquet as pq

    blank = _described(name)
    try:
        with pq.ParquetFile(name.path) as file:
            rows = file.metadata.num_rows
            stamps = file.read(columns=["timestamp"]).column("timestamp").cast(pa.timestamp("ns", "UTC")).cast(pa.int64())
    except (pa.ArrowException, OSError, KeyError) as error:
        return replace(blank, fault=f"{name.path}: {name.symbol}: this is no readable Parquet file of bars ({type(error).__name__})")
    if not rows:
        return replace(blank, fault=f"{name.path}: {name.symbol}: the file holds no rows")
    return replace(blank, rows=rows, first_ns=stamps[0].as_py(), last_ns=stamps[-1].as_py())


def _described(name: BarFileName) -> FileCheck:
    sidecar = read_sidecar(name.path)
    feed, adjustment = (sidecar.origin.feed, sidecar.origin.adjustment) if sidecar else ("", "")
    return FileCheck(name.path.name, name.symbol, "quotes" if name.is_quotes else "bars", feed=feed, adjustment=adjustment)
