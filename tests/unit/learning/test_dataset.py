"""A data set reads only what had arrived, leaves nothing out silently, and refuses what no model can learn from."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.unit.learning.market import MINUTE_NS, market, sessions, walk
from tradebot.core.domain.bars import BarColumns, MarketGrid, market_grid
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.catalogue import scan_features
from tradebot.learning.config import RoundTripCost, TrainingConfig
from tradebot.learning.dataset import GRACE_NS, Dataset, build_dataset, training_grid, write_dataset
from tradebot.learning.labels import LABELS, Given, Labels, label_grid
from tradebot.learning.weights import row_weights

CONFIG = TrainingConfig(label="forward_beats_cost", horizon_min=10, features=("return_1m", "volatility_20"), weighting="uniqueness")
COST = RoundTripCost()
GRID = market(count=3, minutes=120)
CUT_NS = int(GRID.minute_ns[120 + 77])  # in the second session

ARRAYS = ("minute_ns", "symbol_of", "session_of", "rows", "target", "end_ns", "weight", "net_long", "cost")


def sides_of(grid: MarketGrid) -> Given:
    return Given(np.random.default_rng(3).integers(-1, 2, grid.present.shape).astype(np.int8))


def built(grid: MarketGrid, label: str = "forward_beats_cost", known_by_ns: int | None = None) -> Dataset:
    return build_dataset(grid, dataclasses.replace(CONFIG, label=label), COST, known_by_ns=known_by_ns, given=sides_of(grid))


def same(ours: Dataset, other: Dataset) -> None:
    for name in ARRAYS:
        assert np.array_equal(getattr(ours, name), getattr(other, name)), name
    assert ours.data == other.data


def scrambled_from(grid: MarketGrid, row: int) -> MarketGrid:
    changed = {f: getattr(grid, f).copy() for f in ("open", "high", "low", "close", "volume", "present")}
    for f in ("open", "high", "low", "close", "volume"):
        changed[f][row:] = 77_777
    changed["present"][row:] = ~changed["present"][row:]
    return dataclasses.replace(grid, **changed)


LABELS_IN_SESSION = sorted(set(LABELS) - {"regime"})  # the rule's columns are not ready on so few bars


@pytest.mark.parametrize("label", LABELS_IN_SESSION)
def test_no_bar_that_had_not_arrived_is_read(label: str) -> None:
    """Whatever comes later, rows, labels, weights and the hash of the data are the same, bit for bit."""
    first_unknown = int(np.searchsorted(GRID.minute_ns + MINUTE_NS + GRACE_NS, CUT_NS, side="right"))
    ours = built(GRID, label, CUT_NS)
    same(ours, built(scrambled_from(GRID, first_unknown), label, CUT_NS))
    assert len(ours)
    assert (ours.minute_ns + MINUTE_NS + GRACE_NS <= CUT_NS).all()
    assert (ours.end_ns + GRACE_NS <= CUT_NS).all()


@pytest.mark.parametrize("label", LABELS_IN_SESSION)
def test_what_was_known_then_is_a_part_of_what_is_known_now(label: str) -> None:
    whole, then = built(GRID, label), built(GRID, label, CUT_NS)
    rows = {(m, s): i for i, (m, s) in enumerate(zip(whole.minute_ns.tolist(), whole.symbol_of.tolist(), strict=True))}
    at = np.array([rows[key] for key in zip(then.minute_ns.tolist(), then.symbol_of.tolist(), strict=True)])
    for name in set(ARRAYS) - {"weight"}:
        assert np.array_equal(getattr(whole, name)[at], getattr(then, name)), name
    if label.startswith("forward"):  # every label that was known then is there
        assert np.array_equal(at, np.flatnonzero(whole.end_ns + GRACE_NS <= CUT_NS))


def test_a_bar_arrives_at_its_end_and_the_grace() -> None:
    edge_ns = int(GRID.minute_ns[100]) + MINUTE_NS + GRACE_NS
    assert built(GRID, known_by_ns=edge_ns).end_ns.max() == GRID.minute_ns[100] + MINUTE_NS
    assert built(GRID, known_by_ns=edge_ns - 1).end_ns.max() == GRID.minute_ns[100]


def test_the_universe_is_chosen_by_what_had_arrived() -> None:
    days = sessions(2)
    first, second = walk("AAA", days, 1), walk("BBB", days, 2)
    late = second.minute_ns >= days[1].open_ns
    second = dataclasses.replace(second, volume=np.where(late, second.volume * 1000, second.volume // 10))
    config = dataclasses.replace(CONFIG, symbols_max=1)
    histories: dict[str, BarColumns] = {"AAA": first, "BBB": second}
    assert training_grid(histories, days, config).symbols == ("BBB",)
    grid = training_grid(histories, days, config, known_by_ns=days[1].open_ns)
    assert grid.symbols == ("AAA",)
    assert grid.minute_ns[grid.present[:, 0]].max() + MINUTE_NS + GRACE_NS <= days[1].open_ns


@pytest.mark.parametrize("known_by_ns", [None, CUT_NS])
@pytest.mark.parametrize("label", LABELS_IN_SESSION)
def test_every_bar_is_a_row_or_is_counted_among_the_dropped(label: str, known_by_ns: int | None) -> None:
    config = dataclasses.replace(CONFIG, label=label, price_usd_min=14.9, price_usd_max=15.2)
    dataset = build_dataset(GRID, config, COST, known_by_ns=known_by_ns, given=sides_of(GRID))
    assert len(dataset) + sum(dataset.dropped.values()) == GRID.present.sum()
    assert dataset.dropped["warming_up"] > 0
    assert dataset.dropped["no_label"] > 0
    assert dataset.dropped["outside_price_range"] > 0
    assert (dataset.dropped["arrived_too_late"] > 0) == (known_by_ns is not None)


def test_the_account_names_what_was_left_out() -> None:
    dataset = built(GRID)
    text = dataset.account()
    assert text.startswith(f"{len(dataset):,} rows, worth {dataset.effective_rows:,.0f} that don't overlap; left out: ")
    assert f"{dataset.dropped['no_label']:,} no label" in text
    assert "arrived" not in text


def test_rows_are_those_of_the_grid() -> None:
    dataset = built(GRID, "forward_return")
    t = np.searchsorted(GRID.minute_ns, dataset.minute_ns)
    labels: Labels = label_grid(GRID, dataclasses.replace(CONFIG, label="forward_return"), COST)
    values, ready = scan_features(GRID, CONFIG.features)  # type: ignore[arg-type]
    assert np.array_equal(dataset.rows, values[t, dataset.symbol_of])
    assert ready[t, dataset.symbol_of].all()
    for name in ("target", "end_ns", "net_long", "cost"):
        assert np.array_equal(getattr(dataset, name), getattr(labels, name)[t, dataset.symbol_of])
    assert (np.diff(dataset.minute_ns) >= 0).all()
    assert dataset.answer == "number"
    expected = row_weights(dataset.minute_ns, dataset.end_ns, dataset.symbol_of, dataset.session_of, "uniqueness", 0.0)
    assert np.array_equal(dataset.weight, expected[0])
    assert dataset.effective_rows == expected[1] < len(dataset)


def test_a_number_is_written_as_it_is(tmp_path: Path) -> None:
    dataset = built(GRID, "dollar_profit")
    _, parquet = write_dataset(dataset, tmp_path)
    assert np.array_equal(pq.read_table(parquet)["dollar_profit"].to_numpy(), dataset.target)


def test_a_label_of_classes_names_them(tmp_path: Path) -> None:
    dataset = build_dataset(market(count=3), dataclasses.replace(CONFIG, label="regime"), COST)
    assert dataset.answer == "classes"
    assert dataset.classes == ("ranging", "trending", "high_volatility")
    assert set(np.unique(dataset.target)) <= {0.0, 1.0, 2.0}
    _, parquet = write_dataset(dataset, tmp_path)
    assert pq.read_table(parquet)["regime"].to_pylist() == [dataset.classes[int(i)] for i in dataset.target]


def test_a_label_that_no_bar_has_is_refused() -> None:
    with pytest.raises(OperatorFault, match=r"label forward_200m_beats_cost exists for none of \d+ bars: it needs more of a session"):
        build_dataset(GRID, dataclasses.replace(CONFIG, horizon_min=200), COST)


@pytest.mark.parametrize(("label", "what"), [("forward_return", "label forward_return"), ("forward_beats_cost", "net result")])
def test_a_target_or_a_result_that_is_not_a_number_is_refused(label: str, what: str) -> None:
    before, t = np.flatnonzero(GRID.present[:, 1])[60:62]
    free = dataclasses.replace(GRID, open=GRID.open.copy())
    free.open[t, 1] = 0
    with pytest.raises(OperatorFault, match=f"{what} of BBB is not finite at minute_ns {GRID.minute_ns[before]}"):
        built(free, label)


def test_an_empty_universe_is_refused() -> None:
    with pytest.raises(OperatorFault, match="universe is empty"):
        build_dataset(market_grid([], sessions(3)), CONFIG, COST)
