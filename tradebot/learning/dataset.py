"""The dataset: one row for each minute and symbol that has features and a label, and its copies as CSV and Parquet."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

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

Answer = Literal["probability", "number", "classes"]


@dataclass(frozen=True, slots=True)
class Dataset:
    """R rows in order of time, then of symbol, and how many bars gave no row, by the reason.

    `net_long` is what buying at the next bar's open and holding to the label's end would have earned, as a fraction of the price paid,
    after the round trip's `cost` (a fraction as well); NaN where that is not defined.
    """

    minute_ns: Int  # (R,)
    symbol_of: Int  # (R,) index into symbols
    session_of: Int  # (R,)
    rows: Float  # (R, F)
    target: Float  # (R,) 0 or 1, the index of a class, or a number, as `answer` says
    end_ns: Int  # (R,) when the label was known
    weight: Float  # (R,) mean 1
    symbols: tuple[str, ...]
    features: tuple[str, ...]
    label_name: str
    label_parameters: dict[str, float]
    answer: Answer
    classes: tuple[str, ...]  # of a label of classes, else empty
    data: dict[str, SymbolData]
    net_long: Float  # (R,)
    cost: Float  # (R,)
    dropped: dict[str, int]
    effective_rows: float  # labels that overlap count once

    def __len__(self) -> int:
        return len(self.minute_ns)

    @property
    def label(self) -> npt.NDArray[np.int8]:
        """The target of a yes/no label or of classes as integers."""
        return self.target.astype(np.int8)


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
        minute_ns=grid.minute_ns[t],
        symbol_of=n.astype(np.int64),
        session_of=grid.session_of[t],
        rows=rows,
        target=labels.label[t, n].astype(np.float64),
        end_ns=labels.end_ns[t, n],
        weight=np.ones(len(t)),
        symbols=grid.symbols,
        features=features,
        label_name=labels.name,
        label_parameters=labels.parameters,
        answer="probability",
        classes=(),
        data={s: symbol_data(grid, i) for i, s in enumerate(grid.symbols)},
        net_long=np.full(len(t), np.nan),
        cost=np.full(len(t), np.nan),
        dropped={},
        effective_rows=float(len(t)),
    )


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
            dataset.label_name: pa.array(dataset.label if dataset.answer == "probability" else dataset.target),
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
