"""Compiled labels against plain-Python oracles, hand-made cases, and no look at what comes after the label's end."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.learning.market import MINUTE_NS, market, sessions
from tradebot.core.domain.bars import BarColumns, MarketGrid, market_grid
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.config import RoundTripCost, TrainingConfig
from tradebot.learning.grids import known_at
from tradebot.learning.labels import LABELS, Given, Labels, label_grid
from tradebot.learning.labels.volatility import ewma_volatility

COST = RoundTripCost(half_spread_bps=2.0)
FREE = RoundTripCost(half_spread_bps=0, half_spread_usd_min=0, sec_fee_usd_per_million=0, taf_usd_per_share=0)
CONFIG = TrainingConfig(horizon_min=5, target_fraction=0.01, stop_fraction=0.01)
FLAT = (10_000, 10_000, 10_000, 10_000)

Key = tuple[int, int]
Answers = dict[Key, tuple[float, int, float]]  # target, end_ns, net_long


def made(label: str, grid: MarketGrid, cost: RoundTripCost = COST, inputs: Given | None = None, **changes: float) -> Labels:
    config = dataclasses.replace(CONFIG, label=label, **changes)
    return label_grid(grid, config, cost, inputs or Given())


def as_dict(labels: Labels) -> Answers:
    where = zip(*np.nonzero(labels.valid), strict=True)
    return {(int(t), int(n)): (float(labels.target[t, n]), int(labels.end_ns[t, n]), float(labels.net_long[t, n])) for t, n in where}


def charges(bought: float, sold: float, sale: float, cost: RoundTripCost) -> float:
    half = max(bought * (cost.half_spread_bps / 1e4), cost.half_spread_usd_min * 10_000)
    return 2.0 * half + sale * (cost.sec_fee_usd_per_million / 1e6) + cost.taf_usd_per_share * 10_000


def net(bought: float, sold: float, cost: RoundTripCost = COST, side: int = 1) -> float:
    gain = side * (sold - bought)
    return (gain - charges(bought, sold, sold if side > 0 else bought, cost)) / bought


def after(grid: MarketGrid, t: int) -> list[int]:
    return [u for u in range(t + 1, len(grid.minute_ns)) if grid.session_of[u] == grid.session_of[t]]


def last_known(grid: MarketGrid) -> int:
    return max((t for t in range(len(grid.minute_ns)) if grid.present[t].any()), default=-1)


def barrier_oracle(
    grid: MarketGrid, levels: Callable[[int, int, float, int], tuple[float, float] | None], sides: np.ndarray | None = None
) -> Answers:
    """`levels(t, n, entry, side)` gives (target, stop) as prices, or None."""
    answers = {}
    for n in range(len(grid.symbols)):
        for t in range(len(grid.minute_ns)):
            window = after(grid, t)
            bars = [u for u in window if grid.present[u, n]]
            side = 1 if sides is None else int(sides[t, n])
            if not grid.present[t, n] or not bars or side == 0 or window[-1] > last_known(grid):
                continue
            entry = float(grid.open[bars[0], n])
            level = levels(t, n, entry, side)
            if level is None:
                continue
            target, stop = level
            answer, last, out = 0.0, window[-1], float(grid.close[bars[-1], n])
            for u in bars:
                low, high, open_ = (float(x[u, n]) for x in (grid.low, grid.high, grid.open))
                if low <= stop if side > 0 else high >= stop:
                    last, out = u, min(open_, stop) if side > 0 else max(open_, stop)
                    break
                if high >= target if side > 0 else low <= target:
                    answer, last, out = 1.0, u, max(open_, target) if side > 0 else min(open_, target)
                    break
            result = net(entry, out, COST, side)
            answers[t, n] = (answer if sides is None else float(result > 0), int(grid.minute_ns[last]) + MINUTE_NS, result)
    return answers


def fixed(target: float, stop: float) -> Callable[[int, int, float, int], tuple[float, float]]:
    return lambda _t, _n, entry, _side: (entry * (1.0 + target), entry * (1.0 - stop))


def forward_windows(grid: MarketGrid, horizon: int) -> dict[Key, list[int]]:
    """The bars of each window that is whole."""
    windows = {}
    for n in range(len(grid.symbols)):
        for t in range(len(grid.minute_ns)):
            window = after(grid, t)[:horizon]
            bars = [u for u in window if grid.present[u, n]]
            if grid.present[t, n] and len(window) == horizon and bars and window[-1] <= last_known(grid):
                windows[t, n] = bars
    return windows


def forward_oracle(grid: MarketGrid, horizon: int, target: Callable[[int, int, list[int], float, float], float]) -> Answers:
    answers = {}
    for (t, n), bars in forward_windows(grid, horizon).items():
        bought, sold = float(grid.open[bars[0], n]), float(grid.close[bars[-1], n])
        answers[t, n] = (target(t, n, bars, bought, sold), int(grid.minute_ns[t + horizon]) + MINUTE_NS, net(bought, sold))
    return answers


def reversal_oracle(grid: MarketGrid, horizon: int) -> Answers:
    answers = {}
    for (t, n), bars in forward_windows(grid, horizon).items():
        if t < horizon or grid.session_of[t - horizon] != grid.session_of[t]:
            continue
        first = grid.session_of.tolist().index(grid.session_of[t])
        starts = [u for u in range(first, t - horizon + 1) if grid.present[u, n]]
        move = float(grid.close[t, n] - grid.close[starts[-1], n]) if starts else 0.0
        if not move:
            continue
        answer, last, final = 0.0, t + horizon, bars[-1]
        sign, here = math.copysign(1.0, move), float(grid.close[t, n])
        for u in bars:
            best = max(sign * (grid.high[u, n] - here), sign * (grid.low[u, n] - here))
            worst = min(sign * (grid.high[u, n] - here), sign * (grid.low[u, n] - here))
            if best >= abs(move) / 2 or worst <= -abs(move) / 2:
                answer, last, final = float(best < abs(move) / 2), u, u
                break
        answers[t, n] = (answer, int(grid.minute_ns[last]) + MINUTE_NS, net(float(grid.open[bars[0], n]), float(grid.close[final, n])))
    return answers


def volatility_oracle(grid: MarketGrid) -> np.ndarray:
    sigma = np.full(grid.present.shape, np.nan)
    for n in range(len(grid.symbols)):
        squares: list[float] = []
        bars = np.flatnonzero(grid.present[:, n]).tolist()
        for before, t in zip([None, *bars], bars, strict=False):
            if before is not None and grid.session_of[before] == grid.session_of[t]:
                squares.append(math.log(grid.close[t, n] / grid.close[before, n]) ** 2 / (t - before))
            if len(squares) >= 30:
                weights = 0.5 ** (np.arange(len(squares))[::-1] / 60)
                sigma[t, n] = math.sqrt(float(weights @ np.array(squares)) / float(weights.sum()))
    return sigma


@st.composite
def grids(draw: st.DrawFn, minutes_max: int = 25) -> MarketGrid:
    days = sessions(draw(st.integers(1, 3)), minutes=draw(st.integers(1, minutes_max)))
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


def sides_of(grid: MarketGrid, seed: int) -> Given:
    random = np.random.default_rng(seed)
    seen = random.integers(-1, 3, grid.present.shape).astype(np.int8)
    return Given(random.integers(-1, 2, grid.present.shape).astype(np.int8), np.where(grid.present, seen, np.int8(-1)), ("a", "b", "c"))


def close_to(ours: Answers, oracle: Answers) -> None:
    assert ours.keys() == oracle.keys()
    for key, (target, end_ns, net_long) in oracle.items():
        assert ours[key][1] == end_ns
        assert ours[key][0] == pytest.approx(target, rel=1e-12, abs=1e-15)
        assert ours[key][2] == pytest.approx(net_long, rel=1e-9, abs=1e-12)


@given(grids(), st.sampled_from([0.001, 0.01, 0.04]), st.sampled_from([0.001, 0.01, 0.02]))
@settings(max_examples=60, deadline=None)
def test_triple_barrier_is_the_oracle(grid: MarketGrid, target: float, stop: float) -> None:
    ours = made("triple_barrier", grid, target_fraction=target, stop_fraction=stop)
    close_to(as_dict(ours), barrier_oracle(grid, fixed(target, stop)))


@given(grids(45), st.sampled_from([0.05, 0.5, 2.0]), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_barriers_in_units_of_volatility_are_the_oracle(grid: MarketGrid, units: float, seed: int) -> None:
    sigma = volatility_oracle(grid)

    def levels(t: int, n: int, entry: float, side: int) -> tuple[float, float] | None:
        up, down = (k * sigma[t, n] * math.sqrt(5) for k in (units, 1.0))
        if not up > 0:
            return None
        if side > 0:
            stop, fixed_cost = entry * (1 - down), charges(entry, 0.0, 0.0, COST)
            return (entry * (1 + up) + fixed_cost) / (1 - COST.sec_fee_usd_per_million / 1e6), stop
        return entry * (1 - up) - charges(entry, 0.0, entry, COST), entry * (1 + down)

    ours = made("triple_barrier_volatility", grid, target_units=units)
    close_to(as_dict(ours), barrier_oracle(grid, levels))
    inputs = sides_of(grid, seed)
    followed = made("meta_label", grid, inputs=inputs, target_units=units)
    close_to(as_dict(followed), barrier_oracle(grid, levels, inputs.sides))


@given(grids(), st.integers(1, 20))
@settings(max_examples=60, deadline=None)
def test_forward_labels_are_the_oracle(grid: MarketGrid, horizon: int) -> None:
    beats = forward_oracle(grid, horizon, lambda _t, _n, _bars, bought, sold: float(net(bought, sold) > 0))
    moves = forward_oracle(grid, horizon, lambda _t, _n, _bars, bought, sold: (sold - bought) / bought)
    close_to(as_dict(made("forward_beats_cost", grid, horizon_min=horizon)), beats)
    for label in ("forward_return", "dollar_profit"):
        labels = made(label, grid, horizon_min=horizon)
        close_to(as_dict(labels), moves)
        assert labels.answer == "number"
        assert np.allclose((labels.target - labels.cost)[labels.valid], labels.net_long[labels.valid])


@given(grids(), st.integers(1, 20))
@settings(max_examples=40, deadline=None)
def test_realised_volatility_is_the_oracle(grid: MarketGrid, horizon: int) -> None:
    def realised(t: int, n: int, bars: list[int], *_: float) -> float:
        closes = [float(grid.close[u, n]) for u in (t, *bars)]
        return math.sqrt(sum(math.log(b / a) ** 2 for a, b in itertools.pairwise(closes)))

    close_to(as_dict(made("realised_volatility", grid, horizon_min=horizon)), forward_oracle(grid, horizon, realised))


@given(grids(), st.integers(1, 8))
@settings(max_examples=60, deadline=None)
def test_reversal_is_the_oracle(grid: MarketGrid, horizon: int) -> None:
    close_to(as_dict(made("reversal", grid, horizon_min=horizon)), reversal_oracle(grid, horizon))


@given(grids(), st.integers(1, 20), st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_the_regime_ahead_is_that_of_the_last_bar_which_has_one(grid: MarketGrid, horizon: int, seed: int) -> None:
    inputs = sides_of(grid, seed)
    assert inputs.regimes is not None
    expected = {}
    for (t, n), bars in forward_windows(grid, horizon).items():
        seen = [int(inputs.regimes[u, n]) for u in bars if inputs.regimes[u, n] >= 0]
        if seen:
            expected[t, n] = float(seen[-1])
    labels = made("regime", grid, inputs=inputs, horizon_min=horizon)
    assert {key: answer[0] for key, answer in as_dict(labels).items()} == expected
    assert (labels.answer, labels.classes) == ("classes", ("a", "b", "c"))


@given(grids(45))
@settings(max_examples=40, deadline=None)
def test_the_volatility_forecast_is_the_oracle(grid: MarketGrid) -> None:
    assert np.allclose(ewma_volatility(grid), volatility_oracle(grid), rtol=1e-10, equal_nan=True)


@given(grids(45), st.integers(0, 130), st.sampled_from(sorted(set(LABELS) - {"regime"})), st.integers(0, 9))
@settings(max_examples=150, deadline=None)
def test_nothing_after_the_label_end_is_read(grid: MarketGrid, cut: int, label: str, seed: int) -> None:
    """Scramble every bar from row `cut` on: labels that had ended before must stay."""
    cut = min(cut, len(grid.minute_ns) - 1)
    other = {f: getattr(grid, f).copy() for f in ("open", "high", "low", "close", "present")}
    for f in ("open", "high", "low", "close"):
        other[f][cut:] = 7
    other["present"][cut:] = ~other["present"][cut:]
    for bars in (other, {f: getattr(grid, f) for f in other}):  # the data doesn't end elsewhere
        for f, column in bars.items():
            column[-1] = True if f == "present" else 7
    scrambled = dataclasses.replace(grid, **other)
    inputs = sides_of(grid, seed)
    before, later = as_dict(made(label, grid, inputs=inputs)), as_dict(made(label, scrambled, inputs=inputs))
    known = {k: v for k, v in before.items() if v[1] <= grid.minute_ns[cut]}
    assert {k: later[k] for k in known} == known


@given(grids(45), st.integers(0, 130), st.sampled_from(sorted(set(LABELS) - {"regime"})), st.integers(0, 9))
@settings(max_examples=150, deadline=None)
def test_a_label_that_the_data_does_not_reach_is_absent_not_shorter(grid: MarketGrid, cut: int, label: str, seed: int) -> None:
    """Data that ends early loses labels, changes none, and keeps none that ends after it."""
    cut_ns = int(grid.minute_ns[min(cut, len(grid.minute_ns) - 1)])
    inputs = sides_of(grid, seed)
    whole, early = as_dict(made(label, grid, inputs=inputs)), as_dict(made(label, known_at(grid, cut_ns), inputs=inputs))
    assert early.items() <= whole.items()
    assert all(end_ns <= cut_ns for _, end_ns, _ in early.values())


def test_every_label_has_numbers_exactly_where_it_is_valid() -> None:
    grid = market(count=3)
    for name in LABELS:
        labels = made(name, grid, inputs=None if name == "regime" else sides_of(grid, 1))
        assert labels.valid.any(), name
        for numbers in (labels.target, labels.net_long, labels.cost):
            assert np.array_equal(np.isfinite(numbers), labels.valid), name
        assert (labels.end_ns[labels.valid] > np.broadcast_to(grid.minute_ns[:, None], labels.valid.shape)[labels.valid] + MINUTE_NS).all()
        if labels.answer == "classes":
            assert labels.classes == ("ranging", "trending", "high_volatility")
        elif labels.answer == "probability":
            assert set(np.unique(labels.target[labels.valid])) <= {0.0, 1.0}


def bars_of(rows: list[tuple[int, int, int, int]]) -> MarketGrid:
    days = sessions(1, minutes=len(rows))
    minute_ns = np.arange(days[0].open_ns, days[0].close_ns, MINUTE_NS)
    columns = np.array(rows, np.int64).T
    return market_grid([BarColumns("AAA", minute_ns, *columns, np.ones(len(rows), np.int64))], days)


def barrier(rows: list[tuple[int, int, int, int]]) -> Labels:
    return made("triple_barrier", bars_of(rows), FREE, target_fraction=0.04, stop_fraction=0.02)


def test_stop_and_target_in_one_bar_is_the_stop() -> None:
    labels = barrier([FLAT, FLAT, (10_000, 10_400, 9_800, 10_400), FLAT])
    assert labels.target[0, 0] == 0
    assert labels.net_long[0, 0] == pytest.approx(-0.02)


def test_target_first_is_one_and_touching_is_enough() -> None:
    labels = barrier([FLAT, FLAT, (10_000, 10_400, 9_801, 10_000), (10_000, 10_000, 9_000, 9_000)])
    assert labels.target[0, 0] == 1
    assert labels.end_ns[0, 0] == bars_of([FLAT] * 4).minute_ns[3]
    assert labels.net_long[0, 0] == pytest.approx(0.04)


def test_a_bar_that_opens_beyond_a_barrier_sells_at_its_open() -> None:
    assert barrier([FLAT, FLAT, (9_000, 9_100, 8_900, 9_000)]).net_long[0, 0] == pytest.approx(-0.1)
    assert barrier([FLAT, FLAT, (11_000, 11_000, 10_900, 10_900)]).net_long[0, 0] == pytest.approx(0.1)


def test_the_entry_bar_itself_can_stop() -> None:
    assert barrier([FLAT, (10_000, 10_000, 9_800, 9_900), (10_000, 11_000, 10_000, 11_000)]).target[0, 0] == 0


def test_the_entry_is_the_next_open_not_this_close() -> None:
    rows = [FLAT, (10_300, 10_400, 10_300, 10_400), (10_400, 10_420, 10_400, 10_420)]
    assert barrier(rows).target[0, 0] == 0  # 10,420 is 4% above this close, not above the entry


def test_the_session_is_the_vertical_barrier_and_its_last_minute_has_no_label() -> None:
    labels = barrier([FLAT, FLAT, (10_000, 10_100, 10_000, 10_100)])
    assert labels.valid[:, 0].tolist() == [True, True, False]
    assert labels.end_ns[:2, 0].tolist() == [sessions(1, 3)[0].close_ns] * 2
    assert labels.net_long[:2, 0].tolist() == pytest.approx([0.01, 0.01])


def test_touching_the_moved_target_earns_the_units_net_of_cost() -> None:
    random = np.random.default_rng(5)
    close = 100_000 + np.cumsum(random.integers(-50, 51, 60))
    rows = [(int(c), int(c) + 60, int(c) - 60, int(c)) for c in close] + [(int(close[-1]), 200_000, 99_000, 200_000)] * 2
    grid = bars_of(rows)
    labels = made("triple_barrier_volatility", grid, stop_units=100.0)
    sigma = ewma_volatility(grid)
    t = 59
    assert labels.target[t, 0] == 1
    assert labels.net_long[t, 0] == pytest.approx(CONFIG.target_units * sigma[t, 0] * math.sqrt(5), rel=1e-12)


def test_a_flat_price_has_no_volatility_and_no_barrier_in_its_units() -> None:
    assert not made("triple_barrier_volatility", bars_of([FLAT] * 60)).valid.any()


def test_meta_labels_need_the_sides_of_a_primary_model() -> None:
    with pytest.raises(OperatorFault, match="sides of a primary model"):
        made("meta_label", bars_of([FLAT] * 5))


def test_a_horizon_beyond_the_session_has_no_label() -> None:
    for name in ("forward_return", "forward_beats_cost", "realised_volatility", "reversal", "dollar_profit"):
        assert not made(name, bars_of([FLAT, (10_000, 10_100, 10_000, 10_100)] * 5), horizon_min=10).valid.any()


def test_the_config_names_the_label_and_zero_cost_says_so() -> None:
    grid = bars_of([FLAT] * 20)
    assert label_grid(grid, TrainingConfig(), COST).name == "triple_barrier"
    assert made("forward_15m_beats_cost", grid, horizon_min=5).name == "forward_15m_beats_cost"
    assert made("forward_beats_cost", grid, horizon_min=5).name == "forward_5m_beats_cost"
    assert made("forward_15m_beats_cost", grid, FREE).name == "forward_15m_beats_cost_zero_cost"


def test_a_gain_below_the_cost_is_no_gain() -> None:
    grid = bars_of([FLAT] * 2 + [(10_000, 10_100, 10_000, 10_100)] * 14)
    assert made("forward_15m_beats_cost", grid, RoundTripCost(half_spread_usd_min=0.004)).target[0, 0] == 1
    assert made("forward_15m_beats_cost", grid, RoundTripCost(half_spread_usd_min=0.005)).target[0, 0] == 0
