"""The feature store gives what the scan gives, bit for bit, goes on where it stopped, and never mixes bars, schemas or code."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.golden.sample import BelowVwap, config
from tests.unit.learning.market import market
from tradebot.app.market import market_of
from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.commands import Command
from tradebot.core.domain.events import Event, MinuteClosed
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.engine import Engine
from tradebot.core.features.catalogue import ALL_FAMILIES, FEATURES, new_state, scan_features, scan_sessions, schema_hash
from tradebot.learning.grids import minutes_of, sessions_of
from tradebot.shell.store.bars import read_bar_folder
from tradebot.shell.store.feature_file import bars_hash, describe, read_description, read_memory, read_values
from tradebot.shell.store.feature_lineage import all_features, code_hash, lineage
from tradebot.shell.store.features import FeatureStore, stored_features
from tradebot.sim.driver import Simulation
from tradebot.sim.venue import Venue
from tradebot.sim.venue_config import VenueConfig

SAMPLE = Path(__file__).resolve().parents[3] / "data" / "sample"
pytestmark = pytest.mark.timeout(600)  # whoever comes first on a new state of the source compiles it
NAMES = ("vwap_deviation", "close", "macd_hist_rel")


@pytest.fixture(scope="module")
def grid() -> MarketGrid:
    return market(4, minutes=60)


def built(root: Path, grid: MarketGrid) -> list[bool]:
    """Which sessions were computed now."""
    return [b.is_new for b in FeatureStore(root).build(tuple(sessions_of(grid)))]


def values_file(root: Path, date: dt.date) -> Path:
    return root / schema_hash(all_features()) / f"{date}.parquet"


def test_stored_is_scanned_bit_for_bit_now_and_later(tmp_path: Path, grid: MarketGrid) -> None:
    for names in (NAMES, all_features()):
        scanned, valid = scan_features(grid, names)
        for _ in range(2):
            values, ready = stored_features(tmp_path, grid, names)
            assert values.tobytes() == scanned.tobytes()
            assert ready.tobytes() == valid.tobytes()
    assert built(tmp_path, grid) == [False] * 4
    with pytest.raises(KeyError):
        stored_features(tmp_path, grid, ("no_such_feature",))


def test_every_bit_pattern_comes_back(tmp_path: Path, grid: MarketGrid) -> None:
    """Parquet knows dictionaries and nulls: none of them may touch a NaN's payload, a negative zero or the smallest number."""
    from tradebot.shell.store.feature_file import SessionRows, write_values

    first = next(sessions_of(grid))
    description, path = describe(first, bars_hash("", first)), tmp_path / "x.parquet"
    values = np.random.default_rng(3).integers(-(2**63), 2**63 - 1, (60, 2, len(FEATURES))).view(np.float64)
    values[0, 0, 0], values[1, 0, 0], values[2, 0, 0] = -0.0, 5e-324, np.inf
    values[3, 1, :] = np.array([0x7FF8000000000001], np.uint64).view(np.float64)
    seen = np.arange(120).reshape(60, 2)
    write_values(path, description, SessionRows(first.minute_ns, first.symbols, values, seen))
    back = read_values(path, description, all_features())
    assert back is not None
    assert back.values.tobytes() == values.tobytes()
    assert (back.minute_ns == first.minute_ns).all()
    assert (back.seen == seen).all()
    assert back.symbols == first.symbols


def test_a_file_says_where_its_values_come_from(tmp_path: Path, grid: MarketGrid) -> None:
    built(tmp_path, grid)
    path = values_file(tmp_path, grid.sessions[1].date)
    description = read_description(path)
    assert description is not None
    first, second, *_ = sessions_of(grid)
    assert description.bars == bars_hash(bars_hash("", first), second)
    assert description.schema_hash == schema_hash(all_features())
    assert description.code_hash == code_hash()
    assert description.features == lineage()
    assert [(line.name, line.inputs, line.version) for line in lineage()] == [(f.name, f.inputs, f.version) for f in FEATURES]
    table = pq.read_table(path)
    assert table.column_names == ["minute", "symbol", "bars_seen", *all_features()]
    assert str(table.schema.field("minute").type) == "timestamp[ns, tz=UTC]"
    assert set(table.column("symbol").to_pylist()) == {"AAA", "BBB"}


def test_a_build_goes_on_from_the_stored_memory(tmp_path: Path, grid: MarketGrid) -> None:
    assert built(tmp_path, minutes_of(grid, 0, 120)) == [True, True]
    assert built(tmp_path, grid) == [False, False, True, True]
    values, _ = stored_features(tmp_path, grid, all_features())
    assert values.tobytes() == scan_features(grid)[0].tobytes()
    hashes, memory = [""], new_state(2)
    for session in sessions_of(grid):
        for _ in scan_sessions(session, memory):
            hashes.append(bars_hash(hashes[-1], session))
        kept = read_memory(values_file(tmp_path, session.sessions[0].date).with_suffix(".memory.parquet"), hashes[-1])
        assert kept is not None
        assert kept.tobytes() == memory.tobytes()


@pytest.mark.parametrize("damage", ["gone", "cut", "noise", "flipped"])
@pytest.mark.parametrize("suffix", [".parquet", ".memory.parquet"])
def test_what_is_damaged_is_computed_anew(tmp_path: Path, grid: MarketGrid, damage: str, suffix: str) -> None:
    built(tmp_path, grid)
    spoilt = values_file(tmp_path, grid.sessions[2].date).with_suffix(suffix)
    data = bytearray(spoilt.read_bytes())
    match damage:
        case "gone":
            spoilt.unlink()
        case "cut":
            spoilt.write_bytes(data[: len(data) // 2])
        case "noise":
            spoilt.write_bytes(b"no parquet")
        case "flipped":
            data[len(data) // 3] ^= 0x10
            spoilt.write_bytes(data)
    values_file(tmp_path, grid.sessions[3].date).unlink()  # so that the memory before it is wanted
    values, _ = stored_features(tmp_path, grid, all_features())
    assert values.tobytes() == scan_features(grid)[0].tobytes()


def test_other_bars_are_computed_anew_from_where_they_differ(tmp_path: Path, grid: MarketGrid) -> None:
    built(tmp_path, grid)
    close = grid.close.copy()
    close[130, 0] += 1
    other = replace(grid, close=close)
    assert built(tmp_path, other) == [False, False, True, True]
    assert stored_features(tmp_path, other, NAMES)[0].tobytes() == scan_features(other, NAMES)[0].tobytes()
    assert built(tmp_path, replace(other, symbols=("AAA", "CCC"))) == [True] * 4
    assert built(tmp_path, minutes_of(other, 60, 240)) == [True] * 3, "a memory that starts later is another"


def test_other_code_or_format_is_computed_anew(tmp_path: Path, grid: MarketGrid) -> None:
    built(tmp_path, grid)
    for change in ({"code_hash": "0" * 16}, {"format": 0}):
        path = values_file(tmp_path, grid.sessions[3].date)
        description = read_description(path)
        assert description is not None
        table = pq.read_table(path)
        stale = msgspec.json.encode(msgspec.structs.replace(description, **change))
        pq.write_table(table.replace_schema_metadata({b"tradebot": stale}), path)
        assert len(FeatureStore(tmp_path).sessions()) == (3 if "code_hash" in change else 4)
        assert built(tmp_path, grid) == [False, False, False, True]


def test_only_the_wanted_sessions_are_written_with_the_memory_of_all(tmp_path: Path, grid: MarketGrid) -> None:
    last = grid.sessions[-1].date
    done = list(FeatureStore(tmp_path).build(tuple(sessions_of(grid)), names=NAMES, wanted=lambda date: date == last))
    assert [b.session for b in done] == [last]
    assert done[0].rows is not None
    assert done[0].rows.values.tobytes() == scan_features(grid, NAMES)[0][180:].tobytes()
    assert [d.session for d in FeatureStore(tmp_path).sessions()] == [last]
    assert FeatureStore(tmp_path).read(grid.sessions[0].date) is None


def test_nothing_half_written_is_left(tmp_path: Path, grid: MarketGrid) -> None:
    built(tmp_path, grid)
    assert not list(tmp_path.rglob("*.part"))
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(OperatorFault, match="features can't be stored here"):
        built(blocked, grid)


def test_the_rows_that_the_engine_decides_on_are_the_stored_ones(tmp_path: Path) -> None:
    """An in-process simulation of real sessions: after each minute the engine's live rows equal the stored ones, bit for bit."""
    market = market_of(read_bar_folder(SAMPLE, ("BAC", "SPY")))
    sessions = market.between(dt.date(2013, 10, 9), dt.date(2013, 10, 10))
    warm = market.before(sessions[0].date)[-1]
    grid = market.grid((warm, *sessions))
    assert grid.tape is not None, "quotes are part of what must be equal"
    tape = grid.tape.copy()
    tape[: warm.minutes] = 0  # history is perceived without quotes, live minutes with them
    grid = replace(grid, tape=tape)
    values, _ = stored_features(tmp_path, grid, all_features())
    model = BelowVwap()
    venue = Venue(market.histories, market.table, sessions[0].open_ns - 6 * 3600 * 10**9, VenueConfig())
    engine = Engine(config(max_shares=0), market.table, {model.model_id: model})
    engine.state.keep(ALL_FAMILIES)
    compared = 0

    def observe(event: Event, commands: list[Command]) -> None:
        nonlocal compared
        if isinstance(event, MinuteClosed):
            t = int(np.searchsorted(grid.minute_ns, event.minute_ns))
            assert engine.state.features.tobytes() == values[t].tobytes()
            compared += 1

    Simulation(engine, venue, grid, observer=observe).run(model.model_id)
    assert compared == 3 * 390
