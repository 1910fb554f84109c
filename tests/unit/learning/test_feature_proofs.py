"""The proofs find nothing on sound features, and name the first thing that is not sound."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.learning.market import market
from tradebot.core.domain.bars import MarketGrid, market_grid
from tradebot.core.features.catalogue import FEATURES, column_index, new_state
from tradebot.learning.grids import minutes_of, sessions_of
from tradebot.learning.proofs.difference import Scanned
from tradebot.learning.proofs.prove import choose_sessions, prove
from tradebot.learning.proofs.ranges import Ranges
from tradebot.learning.proofs.replay import prefix_equals_prefix, restored_goes_on, scan_equals_steps, scanned
from tradebot.learning.proofs.starts import TwoStarts

pytestmark = pytest.mark.timeout(600)  # whoever comes first on a new state of the source compiles it
CLOSE = int(column_index(("close",))[0])


@pytest.fixture(scope="module")
def grid() -> MarketGrid:
    return market(4, minutes=60)


def second_session(grid: MarketGrid) -> Scanned:
    first, second, *_ = sessions_of(grid)
    memory = new_state(len(grid.symbols))
    scanned(first, memory)
    return scanned(second, memory)


def spoilt(session: Scanned, t: int, n: int, value: float) -> Scanned:
    values = session.values.copy()
    values[t, n, CLOSE] = value
    return replace(session, values=values)


def test_sound_features_pass_every_check(grid: MarketGrid) -> None:
    proof = prove([grid])
    assert proof.difference is None
    assert (proof.sessions, proof.bars) == (4, int(grid.present.sum()))
    assert proof.replayed == [s.date for s in grid.sessions]
    assert len(proof.cut_ns) == 4
    assert min(proof.compared.values()) > 0
    assert prove([grid]).cut_ns == proof.cut_ns != prove([grid], seed=8).cut_ns


def test_sessions_one_by_one_are_the_whole(grid: MarketGrid) -> None:
    assert prove(sessions_of(grid)) == prove([grid])


def test_only_the_chosen_sessions_are_replayed(grid: MarketGrid) -> None:
    chosen = choose_sessions(grid.dates(), 2)
    assert prove([grid], replay=chosen).replayed == [grid.sessions[0].date, grid.sessions[-1].date]
    assert choose_sessions(grid.dates(), 9) == grid.dates()
    many = tuple(dt.date(2013, 1, 1) + dt.timedelta(i) for i in range(100))
    chosen = choose_sessions(many, 5)
    assert len(chosen) == 5
    assert list(chosen) == sorted(chosen)
    assert {many[0], many[-1]} < set(chosen)
    assert chosen == choose_sessions(many, 5) != choose_sessions(many, 5, seed=1)


@pytest.mark.parametrize("check", [scan_equals_steps, lambda s: prefix_equals_prefix(s, 30), lambda s: restored_goes_on(s, 5)])
def test_a_replay_names_the_first_bit_that_differs(grid: MarketGrid, check: object) -> None:
    session = second_session(grid)
    assert callable(check)
    assert check(session) is None
    t = int(np.flatnonzero(session.grid.present[10:, 1])[0]) + 10
    right = float(session.values[t, 1, CLOSE])
    found = check(spoilt(session, t, 1, np.nextafter(right, np.inf)))
    assert (found.symbol, found.minute_ns, found.feature) == ("BBB", int(session.grid.minute_ns[t]), "close")
    assert found.found == repr(right)


@pytest.mark.parametrize("check", [scan_equals_steps, lambda s: restored_goes_on(s, 5)])
def test_a_replay_looks_at_the_memory_that_is_left(grid: MarketGrid, check: object) -> None:
    session = second_session(grid)
    after = session.after.copy()
    after[1, 3] += 1e-9
    assert callable(check)
    found = check(replace(session, after=after))
    assert (found.symbol, found.feature) == ("BBB", "memory[3]")


def test_ranges_name_what_cannot_be(grid: MarketGrid) -> None:
    session = second_session(grid)
    here, gone = np.argwhere(session.grid.present[:, 0])[5][0], np.argwhere(~session.grid.present[:, 0])[0][0]
    assert Ranges(2).first_fault(session) is None
    for t, value, wanted in (
        (int(here), np.nan, "a finite value after warm-up"),
        (int(here), np.inf, "a finite value after warm-up"),
        (int(gone), 1.0, "no value: no bar, warm-up, or an absent input"),
    ):
        fault = Ranges(2).first_fault(spoilt(session, t, 0, value))
        assert fault is not None
        assert (fault.symbol, fault.minute_ns, fault.feature, fault.wanted) == ("AAA", int(session.grid.minute_ns[t]), "close", wanted)
    bounded = next(((i, f) for i, f in enumerate(FEATURES) if np.isfinite(f.high) and f.warm_up_bars < 60), None)
    if bounded is not None:
        column, feature = bounded
        values = session.values.copy()
        values[here, 0, column] = feature.high + 1.0
        fault = Ranges(2).first_fault(replace(session, values=values))
        assert fault is not None
        assert (fault.feature, fault.wanted) == (feature.name, f"{feature.low:g} to {feature.high:g}")


def test_two_starts_notice_a_memory_that_does_not_forget(grid: MarketGrid) -> None:
    first, second, *_ = sessions_of(grid)
    memory, starts = new_state(2), TwoStarts(2)
    assert starts.first_fault(scanned(first, memory)) is None
    session = scanned(second, memory)
    t = int(np.flatnonzero(session.grid.present[:, 0])[7])
    fault = starts.first_fault(spoilt(session, t, 0, float(session.values[t, 0, CLOSE]) * (1 + 1e-6)))
    assert fault is not None
    assert (fault.check, fault.symbol, fault.feature) == ("two starts", "AAA", "close")
    assert starts.compared > 0


def test_columns_without_their_input_are_named(grid: MarketGrid) -> None:
    absent = set(prove([grid]).absent)
    assert {f.name for f in FEATURES if {"bid", "ask", "vix"} & set(f.inputs)} <= absent
    assert not absent & {f.name for f in FEATURES if set(f.inputs) <= {"open", "high", "low", "close", "volume"}}


def test_parts_of_a_grid() -> None:
    grid = market(3, minutes=7)
    parts = list(sessions_of(grid))
    assert [p.sessions for p in parts] == [(s,) for s in grid.sessions]
    assert np.concatenate([p.close for p in parts]).tobytes() == grid.close.tobytes()
    across = minutes_of(grid, 5, 9)
    assert across.sessions == grid.sessions[:2]
    assert across.session_of.tolist() == [0, 0, 1, 1]
    assert minutes_of(grid, 4, 4).sessions == ()
    assert prove([market_grid([], ())]).sessions == 0
