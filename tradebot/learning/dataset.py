"""The dataset: one row for each minute and symbol that has features and a label, and its copies as CSV and Parquet."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.bars import BarColumns, Float, Int, MarketGrid, market_grid
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.session import Session
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S, UNITS_PER_USD
from tradebot.core.features.catalogue import scan_features
from tradebot.core.features.sets import feature_names
from tradebot.learning.config import RoundTripCost, TrainingConfig
from tradebot.learning.grids import known_at
from tradebot.learning.labels import NOTHING, Answer, Given, label_grid
from tradebot.learning.universe import screen_by_volume
from tradebot.learning.weights import row_weights
from tradebot.serving.manifest import SymbolData

GRACE_NS: Final = 2 * NS_PER_S
"""How long after its end a bar is waited for, as feeds do by default."""


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

    def account(self) -> str:
        """One line on the rows: how many, what they are worth, and what was left out."""
        left_out = ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in self.dropped.items() if count)
        worth = f"{len(self):,} rows, worth {self.effective_rows:,.0f} that don't overlap"
        return f"{worth}; left out: {left_out or 'no bar'}"


def training_grid(
    histories: Mapping[str, BarColumns],
    sessions: Sequence[Session],
    config: TrainingConfig,
    *,
    known_by_ns: int | None = None,
    grace_ns: int = GRACE_NS,
) -> MarketGrid:
    """Screen the histories by volume and price, and align what is left. Raises OperatorFault when nothing is.

    With `known_by_ns` only bars that had arrived then choose the universe, and no other is in the grid.
    """
    if not sessions:
        raise OperatorFault("there is no exchange session in the range to train on")
    last_ns = sessions[-1].close_ns if known_by_ns is None else min(sessions[-1].close_ns, known_by_ns - grace_ns - NS_PER_MINUTE + 1)
    span = sessions[0].open_ns, last_ns
    inside = {s: b.rows((b.minute_ns >= span[0]) & (b.minute_ns < span[1])) for s, b in histories.items()}
    symbols = screen_by_volume(inside, config.symbols_max, config.price_usd_min, config.price_usd_max)
    return market_grid([inside[s] for s in sorted(symbols)], sessions)


def build_dataset(
    grid: MarketGrid,
    config: TrainingConfig,
    cost: RoundTripCost,
    *,
    known_by_ns: int | None = None,
    grace_ns: int = GRACE_NS,
    given: Given = NOTHING,
) -> Dataset:
    """Features and labels of a grid: one row for each bar that has both, and the count of bars that don't, by the reason.

    With `known_by_ns` nothing enters that had not arrived then: a bar arrives `grace_ns` after its end, a label with the last bar that it
    needs (FIELD.md 4, I18). `given` is what some labels need besides bars, over the same minutes.
    Raises OperatorFault for an empty universe, a label that no bar has, and a feature or target that is not finite.
    """
    if not grid.symbols:
        raise OperatorFault("the universe is empty: there is no symbol to learn from")
    bars = int(grid.present.sum())
    if known_by_ns is not None:
        grid = known_at(grid, known_by_ns - grace_ns)
    features = feature_names(config.features)
    values, ready = scan_features(grid, features)
    labels = label_grid(grid, config, cost, given)
    if not labels.valid.any() and grid.present.any():
        raise OperatorFault(f"label {labels.name} exists for none of {bars} bars: it needs more of a session, or more data, than there is")
    close_usd = grid.close / UNITS_PER_USD
    in_range = (close_usd >= config.price_usd_min) & (close_usd <= (config.price_usd_max or np.inf))
    warm = grid.present & ready
    labelled = warm & labels.valid
    kept = labelled & in_range
    dropped = {
        "arrived_too_late": bars - int(grid.present.sum()),
        "warming_up": int((grid.present & ~ready).sum()),
        "no_label": int((warm & ~labels.valid).sum()),
        "outside_price_range": int((labelled & ~in_range).sum()),
    }
    t, n = np.nonzero(kept)
    rows, target = values[t, n], labels.target[t, n]
    _refuse_not_finite(grid, t, n, rows, tuple(f"feature {name}" for name in features))
    _refuse_not_finite(grid, t, n, np.column_stack([target, labels.net_long[t, n]]), (f"label {labels.name}", "net result"))
    symbol_of, minute_ns, session_of, end_ns = n.astype(np.int64), grid.minute_ns[t], grid.session_of[t], labels.end_ns[t, n]
    weight, effective_rows = row_weights(minute_ns, end_ns, symbol_of, session_of, config.weighting, config.half_life_sessions)
    return Dataset(
        minute_ns=minute_ns,
        symbol_of=symbol_of,
        session_of=session_of,
        rows=rows,
        target=target,
        end_ns=end_ns,
        weight=weight,
        symbols=grid.symbols,
        features=features,
        label_name=labels.name,
        label_parameters=labels.parameters,
        answer=labels.answer,
        classes=labels.classes,
        data={s: symbol_data(grid, i) for i, s in enumerate(grid.symbols)},
        net_long=labels.net_long[t, n],
        cost=labels.cost[t, n],
        dropped=dropped,
        effective_rows=effective_rows,
    )


def _refuse_not_finite(grid: MarketGrid, t: Int, n: Int, numbers: Float, names: tuple[str, ...]) -> None:
    bad = np.argwhere(~np.isfinite(numbers))
    if len(bad):
        row, column = bad[0]
        raise OperatorFault(f"{names[column]} of {grid.symbols[n[row]]} is not finite at minute_ns {grid.minute_ns[t[row]]}")


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
            dataset.label_name: _answers(dataset),
            "label_end": stamps(dataset.end_ns),
        }
    )


def _answers(dataset: Dataset) -> Any:
    """0 or 1, the name of a class, or a number."""
    import pyarrow as pa

    match dataset.answer:
        case "classes":
            return pa.DictionaryArray.from_arrays(pa.array(dataset.label.astype(np.int32)), pa.array(dataset.classes)).cast(pa.string())
        case "number":
            return pa.array(dataset.target)
        case "probability":
            return pa.array(dataset.label)


def symbol_data(grid: MarketGrid, n: int) -> SymbolData:
    """The span and hash of one symbol's regular-hours bars."""
    here = grid.present[:, n]
    minute_ns = grid.minute_ns[here]
    digest = hashlib.sha256(minute_ns.tobytes())
    for column in (grid.open, grid.high, grid.low, grid.close, grid.volume):
        digest.update(np.ascontiguousarray(column[here, n]).tobytes())
    first_ns, last_ns = (int(minute_ns[0]), int(minute_ns[-1])) if len(minute_ns) else (0, 0)
    return SymbolData(first_ns, last_ns, len(minute_ns), digest.hexdigest())
