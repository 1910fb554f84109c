"""Folders of bars: read one for training, backtest and simulation, and keep one of fetched history.

A folder holds `SYMBOL_1m*.parquet` (bars) and `SYMBOL_1m_quotes*.parquet` (quotes at the bar's start). `BarStore` writes one file a symbol
and month, each with a JSON sidecar that says from which feed, with which adjustment and for which range it was fetched.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from tradebot.core.domain.bars import TAPE, BarColumns, Int
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_S, UNITS_PER_USD
from tradebot.shell.store.bar_check import FileCheck, check_bar_folder, list_bar_folder
from tradebot.shell.store.bar_file import BarFileName, QuoteColumns, bar_files, fault_at, read_bars, read_quotes
from tradebot.shell.store.sidecar import FORMAT, Origin, Sidecar, file_sha256, read_sidecar, write_sidecar

_BAR_FIELDS: Final = ("minute_ns", "open", "high", "low", "close", "volume")


def read_bar_folder(path: Path, symbols: Sequence[str] | None = None) -> dict[str, BarColumns]:
    """Every symbol's bars (or those of `symbols`), oldest first, with quotes where the folder has them.

    Raises OperatorFault for a folder or universe that is empty, a symbol that has no file, and any file that can't be true.
    """
    if symbols is not None and not symbols:
        raise OperatorFault("the universe is empty: name at least one symbol")
    names = bar_files(path)
    if not any(not n.is_quotes for n in names):
        raise OperatorFault(f"{path}: no bars here: there is no file named SYMBOL_1m*.parquet")
    chosen = sorted({n.symbol for n in names if not n.is_quotes}) if symbols is None else list(dict.fromkeys(symbols))
    histories: dict[str, BarColumns] = {}
    for symbol in chosen:
        files = [n for n in names if n.symbol == symbol]
        bars = [(n, read_bars(n)) for n in files if not n.is_quotes]
        if not bars:
            raise OperatorFault(f"{path}: there are no bars of {symbol}")
        quotes = [(n, read_quotes(n)) for n in files if n.is_quotes]
        joined = _join(symbol, bars)
        if quotes and (joined.bid is not None or joined.ask is not None):
            raise OperatorFault(f"{path}: {symbol} has quotes in its bars and in {quotes[0][0].path.name}: which of them is true?")
        histories[symbol] = _with_quotes(joined, quotes)
    return histories


class BarStore:
    """A folder of fetched history that grows. One writer at a time."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, symbols: Sequence[str] | None = None) -> dict[str, BarColumns]:
        return read_bar_folder(self.root, symbols)

    def check(self) -> list[FileCheck]:
        return check_bar_folder(self.root)

    def listing(self) -> list[FileCheck]:
        """What is stored, from names, sidecars and file ends alone (no validation)."""
        return list_bar_folder(self.root)

    def resume_ns(self, symbol: str, from_ns: int, through_ns: int, origin: Origin) -> int:
        """The first instant of a range inside one month that still must be fetched; above `through_ns` when nothing must."""
        self._refuse_mixture(symbol, origin)
        sidecar = self._sidecar(symbol, from_ns, origin)
        if sidecar is None or sidecar.fetched_from_ns > from_ns:
            return from_ns
        return max(from_ns, min(sidecar.fetched_through_ns, through_ns) + 1)

    def write(self, bars: BarColumns, origin: Origin, from_ns: int, through_ns: int) -> Path:
        """Add bars fetched for `from_ns <= t <= through_ns`, a range inside one UTC month, to that month's file. Returns its path.

        The file is replaced in one step and validated before it takes its place. Raises OperatorFault for bars that can't be true, a folder
        that can't be written and a folder that holds another feed or adjustment.
        """
        path = self._path(bars.symbol, from_ns)
        old = self._sidecar(bars.symbol, from_ns, origin)
        if old is not None and path.exists():
            held = read_bars(BarFileName(path, bars.symbol, False))
            bars = _overlay(held, bars)
            if from_ns <= old.fetched_through_ns + 1 and old.fetched_from_ns <= through_ns + 1:
                from_ns, through_ns = min(from_ns, old.fetched_from_ns), max(through_ns, old.fetched_through_ns)
        if not len(bars):
            return path
        part = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            _write_parquet(bars, part)
            read_bars(BarFileName(part, bars.symbol, False))
            sidecar = Sidecar(FORMAT, bars.symbol, origin, from_ns, through_ns, len(bars), file_sha256(part))
            part.replace(path)
            write_sidecar(path, sidecar)
        except OperatorFault as fault:
            raise OperatorFault(str(fault).replace(str(part), f"{path} (not written)")) from fault
        except OSError as error:
            raise OperatorFault(f"{self.root}: bars can't be written here ({error.strerror or error})") from error
        finally:
            with suppress(OSError):
                part.unlink()
        return path

    def _path(self, symbol: str, ts_ns: int) -> Path:
        month = dt.datetime.fromtimestamp(ts_ns // NS_PER_S, dt.UTC)
        return self.root / f"{symbol}_1m_{month:%Y_%m}.parquet"

    def _refuse_mixture(self, symbol: str, origin: Origin) -> None:
        """Raises OperatorFault where another month of the symbol is of another feed or adjustment."""
        for path in sorted(self.root.glob(f"{symbol}_1m_[0-9][0-9][0-9][0-9]_[0-9][0-9].parquet")):
            held = read_sidecar(path)
            if held is not None and (held.origin.feed, held.origin.adjustment) != (origin.feed, origin.adjustment):
                raise OperatorFault(
                    f"{path}: holds feed {held.origin.feed}, adjustment {held.origin.adjustment}; "
                    f"fetch {symbol} of feed {origin.feed}, adjustment {origin.adjustment} into another folder"
                )

    def _sidecar(self, symbol: str, ts_ns: int, origin: Origin) -> Sidecar | None:
        """The month's sidecar, None when there is none or it doesn't describe the file. Raises OperatorFault on another origin."""
        path = self._path(symbol, ts_ns)
        sidecar = read_sidecar(path)
        if sidecar is None or not path.exists() or file_sha256(path) != sidecar.sha256:
            return None
        if sidecar.origin != origin:
            held = f"feed {sidecar.origin.feed}, adjustment {sidecar.origin.adjustment}, from {sidecar.origin.source}"
            raise OperatorFault(f"{path}: holds {held}; fetch feed {origin.feed}, adjustment {origin.adjustment} into another folder")
        return sidecar


def _join(symbol: str, parts: Sequence[tuple[BarFileName, BarColumns]]) -> BarColumns:
    """Several files of one symbol as one history; they must not overlap."""
    ordered = sorted(parts, key=lambda part: int(part[1].minute_ns[0]))
    for (before, earlier), (name, later) in pairwise(ordered):
        if later.minute_ns[0] <= earlier.minute_ns[-1]:
            what = f"timestamp is also in {before.path.name}"
            raise fault_at(name.path, symbol, int(later.minute_ns[0]), what)
    if len(ordered) == 1:
        return ordered[0][1]
    return _stack([bars for _, bars in ordered])


def _stack(parts: Sequence[BarColumns]) -> BarColumns:
    """Rows of one after rows of the other; what one has and another lacks is 0 there."""
    columns = {f: np.concatenate([getattr(b, f) for b in parts]) for f in _BAR_FIELDS}
    for field in TAPE:
        if any(getattr(b, field) is not None for b in parts):
            columns[field] = np.concatenate([np.zeros(len(b), np.int64) if (c := getattr(b, field)) is None else c for b in parts])
    return BarColumns(parts[0].symbol, **columns)


def _with_quotes(bars: BarColumns, parts: Sequence[tuple[BarFileName, QuoteColumns]]) -> BarColumns:
    """The bars with the quote of the same minute, 0 where there is none. Sizes are None where no file tells any."""
    if not parts:
        return bars
    found: dict[str, Int] = {field: np.zeros(len(bars), np.int64) for field in ("bid", "ask", "bid_size", "ask_size")}
    for _, quotes in parts:
        at = np.searchsorted(bars.minute_ns, quotes.minute_ns)
        inside = at < len(bars)
        inside[inside] = bars.minute_ns[at[inside]] == quotes.minute_ns[inside]
        for field, column in found.items():
            column[at[inside]] = getattr(quotes, field)[inside]
    bid_size, ask_size = (column if column.any() else None for column in (found["bid_size"], found["ask_size"]))
    return replace(bars, bid=found["bid"], ask=found["ask"], bid_size=bid_size, ask_size=ask_size)


def _overlay(held: BarColumns, fresh: BarColumns) -> BarColumns:
    """Held rows and fresh ones; where both have a minute, the fresh one."""
    both = _stack([held.rows(~np.isin(held.minute_ns, fresh.minute_ns)), fresh])
    return both.rows(np.argsort(both.minute_ns, kind="stable"))


def _write_parquet(bars: BarColumns, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    usd = {f: getattr(bars, f) / UNITS_PER_USD for f in ("open", "high", "low", "close")}
    tape = {f: c / UNITS_PER_USD if f in ("bid", "ask") else c for f, c in zip(TAPE, bars.tape(), strict=True) if c is not None}
    stamps = pa.array(bars.minute_ns).cast(pa.timestamp("ns", "UTC"))
    pq.write_table(pa.table({"timestamp": stamps, **usd, "volume": bars.volume.astype(np.float64), **tape}), path, compression="zstd")
