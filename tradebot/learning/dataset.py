"""The dataset: one row for each minute and symbol that has features and a label, and its copies as CSV and Parquet."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.bars import BarColumns, Float, Int, MarketGrid, market_grid
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.session import Session
from tradebot.core.domain.units import UNITS_PER_USD
from tradebot.core.features.catalogue import scan_features
from tradebot.core.features.sets import feature_names
from tradebot.learning.config import RoundTripCost, TrainingConfig
from tradebot.learning.labels import label_grid
from tradebot.learning.universe import screen_by_volume
from tradebot.serving.manifest import SymbolData


@dataclass(frozen=True, slots=True)
class Dataset:
    """R rows in order of time, then of symbol."""

    minute_ns: Int  # (R,)
    symbol_of: Int  # (R,) index into symbols
    session_of: Int  # (R,)
    rows: Float  # (R, F)
    label: npt.NDArray[np.int8]  # (R,)
    end_ns: Int  # (R,) when the label was known
    symbols: tuple[str, ...]
    features: tuple[str, ...]
    label_name: str
    label_parameters: dict[str, float]
    data: dict[str, SymbolData]

    def __len__(self) -> int:
        return len(self.minute_ns)


def training_grid(histories: Mapping[str, BarColumns], sessions: Sequence[Session], config: TrainingConfig) -> MarketGrid:
    """Screen the histories by volume and price, and align what is left. Raises OperatorFault when nothing is."""
    if not sessions:
        raise OperatorFault("there is no exchange session in the range to train on")
    span = sessions[0].open_ns, sessions[-1].close_ns
    inside = {s: b.rows((b.minute_ns >= span[0]) & (b.minute_ns < span[1])) for s, b in histories.items()}
    symbols = screen_by_volume(inside, config.symbols_max, config.price_usd_min, config.price_usd_max)
    return market_grid([inside[s] for s in sorted(symbols)], sessions)


def build_dataset(grid: MarketGrid, config: TrainingConfig, cost: RoundTripCost) -> Dataset:
    """Features and labels of a grid. Raises OperatorFault for an empty universe and for a feature that is not finite."""
    if not grid.symbols:
        raise OperatorFault("the universe is empty: there is no symbol to learn from")
    features = feature_names(config.features)
    values, ready = scan_features(grid, features)
    labels = label_grid(grid, config, cost)
    close_usd = grid.close / UNITS_PER_USD
    in_range = (close_usd >= config.price_usd_min) & (close_usd <= (config.price_usd_max or np.inf))
    t, n = np.nonzero(ready & labels.valid & grid.present & in_range)
    rows = values[t, n]
    bad = np.argwhere(~np.isfinite(rows))
    if len(bad):
        row, feature = bad[0]
        raise OperatorFault(f"feature {features[feature]} of {grid.symbols[n[row]]} is not finite at minute_ns {grid.minute_ns[t[row]]}")
    return Dataset(
        grid.minute_ns[t], n.astype(np.int64), grid.session_of[t], rows, labels.label[t, n], labels.end_ns[t, n],
        grid.symbols, features, labels.name, labels.parameters, {s: symbol_data(grid, i) for i, s in enumerate(grid.symbols)},
    )  # fmt: skip


def write_dataset(dataset: Dataset, folder: Path) -> tuple[Path, Path]:
    """`dataset.csv` and `dataset.parquet`: timestamp, symbol, features, label, label_end. Raises OperatorFault when it can't write."""
    import pyarrow.csv as pacsv
    import pyarrow.parquet as pq

    table = _table(dataset)
    paths = folder / "dataset.csv", folder / "dataset.parquet"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, write in zip(paths, (pacsv.write_csv, pq.write_table), strict=True):
            part = path.with_name(f".{path.name}.{os.getpid()}.part")
            write(table, part)
            part.replace(path)
    except OSError as error:
        raise OperatorFault(f"{folder}: the dataset can't be written here ({error.strerror or error})") from error
    return paths


def _table(dataset: Dataset) -> Any:
    import pyarrow as pa

    def stamps(ns: Int) -> Any:
        return pa.array(ns).cast(pa.timestamp("ns", "UTC"))

    symbols = pa.DictionaryArray.from_arrays(pa.array(dataset.symbol_of.astype(np.int32)), pa.array(dataset.symbols)).cast(pa.string())
    return pa.table(
        {
            "timestamp": stamps(dataset.minute_ns),
            "symbol": symbols,
            **{name: pa.array(dataset.rows[:, i]) for i, name in enumerate(dataset.features)},
            dataset.label_name: pa.array(dataset.label),
            "label_end": stamps(dataset.end_ns),
        }
    )


def symbol_data(grid: MarketGrid, n: int) -> SymbolData:
    """The span and hash of one symbol's regular-hours bars."""
    here = grid.present[:, n]
    minute_ns = grid.minute_ns[here]
    digest = hashlib.sha256(minute_ns.tobytes())
    for column in (grid.open, grid.high, grid.low, grid.close, grid.volume):
        digest.update(np.ascontiguousarray(column[here, n]).tobytes())
    first_ns, last_ns = (int(minute_ns[0]), int(minute_ns[-1])) if len(minute_ns) else (0, 0)
    return SymbolData(first_ns, last_ns, len(minute_ns), digest.hexdigest())
