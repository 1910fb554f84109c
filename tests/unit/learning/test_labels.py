"""Compiled labels against a plain-Python oracle, hand-made cases, and no look at what comes after the label's end."""

from __future__ import annotations

import dataclasses

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.learning.market import MINUTE_NS, sessions
from tradebot.core.domain.bars import BarColumns, MarketGrid, market_grid
from tradebot.learning.config import RoundTripCost, TrainingConfig
from tradebot.learning.labels import Labels, forward_beats_cost, label_grid, triple_barrier

COST = RoundTripCost(half_spread_bps=2.0)


def triple_oracle(grid: MarketGrid, target: float, stop: float) -> dict[tuple[int, int], tuple[int, int]]:
    answers = {}
    for n in range(len(grid.symbols)):
        for t in range(len(grid.minute_ns)):
            after = [u for u in range(t + 1, len(grid.minute_ns)) if grid.session_of[u] == grid.session_of[t]]
            bars = [u for u in after if grid.present[u, n]]
            if not grid.present[t, n] or not bars:
                continue
            entry = int(grid.open[bars[0], n])
            label, last = 0, after[-1]
            for u in bars:
                if grid.low[u, n] <= entry * (1.0 - stop):
                    last = u
                    break
                if grid.high[u, n] >= entry * (1.0 + target):
                    label, last = 1, u
                    break
            answers[t, n] = (label, int(grid.minute_ns[last]) + MINUTE_NS)
    return answers


def forward_oracle(grid: MarketGrid, horizon: int, cost: RoundTripCost) -> dict[tuple[int, int], tuple[int, int]]:
    answers = {}
    for n in range(len(grid.symbols)):
        for t in range(len(grid.minute_ns)):
            window = [u for u in range(t + 1, t + horizon + 1) if u < len(grid.minute_ns) and grid.session_of[u] == grid.session_of[t]]
            bars = [u for u in window if grid.present[u, n]]
            if not grid.present[t, n] or len(window) < horizon or not bars:
                continue
            bought, sold = float(grid.open[bars[0], n]), float(grid.close[bars[-1], n])
            half = max(bought * (cost.half_spread_bps / 1e4), cost.half_spread_usd_min * 10_000)
            paid = 2.0 * half + sold * (cost.sec_fee_usd_per_million / 1e6) + cost.taf_usd_per_share * 10_000
            answers[t, n] = (int(sold - bought > paid), int(grid.minute_ns[t + horizon]) + MINUTE_NS)
    return answers


def as_dict(labels: Labels) -> dict[tuple[int, int], tuple[int, int]]:
    where = zip(*np.nonzero(labels.valid), strict=True)
    return {(int(t), int(n)): (int(labels.label[t, n]), int(labels.end_ns[t, n])) for t, n in where}


@st.composite
def grids(draw: st.DrawFn) -> MarketGrid:
    days = sessions(draw(st.integers(1, 3)), minutes=draw(st.integers(1, 25)))
    histories = []
    for symbol in ("AAA", "BBB")[: draw(st.integers(1, 2))]:
        minute_ns = np.concatenate([np.arange(s.open_ns, s.close_ns, MINUTE_NS) for s in days])
        random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        keep = random.random(len(minute_ns)) < draw(st.sampled_from([0.3, 0.8, 1.0]))
        price = 10_000 + random.integers(-300, 300, (len(minute_ns), 4))
        open_, close = price[:, 0], price[:, 1]
        bars = BarColumns(symbol, minute_ns, open_, price.max(axis=1), price.min(axis=1), close, np.ones(len(minute_ns), np.int64))
        histories.append(bars.rows(keep))
    return market_grid(histories, days)


@given(grids(), st.sampled_from([0.001, 0.01, 0.04]), st.sampled_from([0.001, 0.01, 0.02]))
@settings(max_examples=60, deadline=None)
def test_triple_barrier_is_the_oracle(grid: MarketGrid, target: float, stop: float) -> None:
    assert as_dict(triple_barrier(grid, target, stop)) == triple_oracle(grid, target, stop)


@given(grids(), st.integers(1, 20))
@settings(max_examples=60, deadline=None)
def test_forward_return_is_the_oracle(grid: MarketGrid, horizon: int) -> None:
    assert as_dict(forward_beats_cost(grid, horizon, COST)) == forward_oracle(grid, horizon, COST)


@given(grids(), st.integers(0, 80))
@settings(max_examples=40, deadline=None)
def test_nothing_after_the_label_end_is_read(grid: MarketGrid, cut: int) -> None:
    """Scramble every bar from row `cut` on: labels that had ended before must stay."""
    cut = min(cut, len(grid.minute_ns) - 1)
    other = {f: getattr(grid, f).copy() for f in ("open", "high", "low", "close", "present")}
    for f in ("open", "high", "low", "close"):
        other[f][cut:] = 7
    other["present"][cut:] = ~other["present"][cut:]
    scrambled = dataclasses.replace(grid, **other)
    for make in (lambda g: triple_barrier(g, 0.01, 0.01), lambda g: forward_beats_cost(g, 5, COST)):
        before, after = as_dict(make(grid)), as_dict(make(scrambled))
        known = {k: v for k, v in before.items() if v[1] <= grid.minute_ns[cut]}
        assert {k: after[k] for k in known} == known


def bars_of(rows: list[tuple[int, int, int, int]]) -> MarketGrid:
    days = sessions(1, minutes=len(rows))
    minute_ns = np.arange(days[0].open_ns, days[0].close_ns, MINUTE_NS)
    columns = np.array(rows, np.int64).T
    return market_grid([BarColumns("AAA", minute_ns, *columns, np.ones(len(rows), np.int64))], days)


FLAT = (10_000, 10_000, 10_000, 10_000)


def test_stop_and_target_in_one_bar_is_the_stop() -> None:
    grid = bars_of([FLAT, FLAT, (10_000, 10_400, 9_800, 10_400), FLAT])
    assert triple_barrier(grid, 0.04, 0.02).label[0, 0] == 0


def test_target_first_is_one_and_touching_is_enough() -> None:
    grid = bars_of([FLAT, FLAT, (10_000, 10_400, 9_801, 10_000), (10_000, 10_000, 9_000, 9_000)])
    labels = triple_barrier(grid, 0.04, 0.02)
    assert labels.label[0, 0] == 1
    assert labels.end_ns[0, 0] == grid.minute_ns[3]


def test_the_entry_bar_itself_can_stop() -> None:
    grid = bars_of([FLAT, (10_000, 10_000, 9_800, 9_900), (10_000, 11_000, 10_000, 11_000)])
    assert triple_barrier(grid, 0.04, 0.02).label[0, 0] == 0


def test_the_entry_is_the_next_open_not_this_close() -> None:
    grid = bars_of([FLAT, (10_300, 10_400, 10_300, 10_400), (10_400, 10_420, 10_400, 10_420)])
    assert triple_barrier(grid, 0.04, 0.02).label[0, 0] == 0  # 10,420 is 4% above this close, not above the entry


def test_the_last_minute_has_no_label() -> None:
    labels = triple_barrier(bars_of([FLAT] * 3), 0.04, 0.02)
    assert labels.valid[:, 0].tolist() == [True, True, False]
    assert labels.end_ns[:2, 0].tolist() == [sessions(1, 3)[0].close_ns] * 2


def test_the_config_names_the_label_and_zero_cost_says_so() -> None:
    grid = bars_of([FLAT] * 20)
    assert label_grid(grid, TrainingConfig(), COST).name == "triple_barrier"
    dense = TrainingConfig(label="forward_15m_beats_cost")
    assert label_grid(grid, dense, COST).name == "forward_15m_beats_cost"
    free = RoundTripCost(half_spread_bps=0, half_spread_usd_min=0, sec_fee_usd_per_million=0, taf_usd_per_share=0)
    assert label_grid(grid, dense, free).name == "forward_15m_beats_cost_zero_cost"


def test_a_gain_below_the_cost_is_no_gain() -> None:
    up = [FLAT] * 2 + [(10_000, 10_100, 10_000, 10_100)] * 14
    assert forward_beats_cost(bars_of(up), 15, RoundTripCost(half_spread_usd_min=0.004)).label[0, 0] == 1
    assert forward_beats_cost(bars_of(up), 15, RoundTripCost(half_spread_usd_min=0.005)).label[0, 0] == 0
