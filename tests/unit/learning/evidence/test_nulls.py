from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.learning.evidence.runs import returns
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.learning.evidence.arrays import Float
from tradebot.learning.evidence.inputs import Trades
from tradebot.learning.evidence.nulls import (
    Prices,
    beyond_market,
    delay_gains_p,
    delayed_usd,
    p_value,
    random_entries,
    rotated_predictions,
    shuffled_labels,
    sign_flip,
)

MINUTES = 60  # a session


def market(seed: int, sessions: int, symbols: int = 2, jump: float = 0.001) -> Prices:
    steps = np.random.default_rng(seed).standard_normal((sessions * MINUTES, symbols)) * jump
    session_of = np.repeat(np.arange(sessions), MINUTES)
    minute_ns = (session_of * 1440 + np.tile(np.arange(MINUTES), sessions)) * NS_PER_MINUTE
    return Prices(minute_ns, session_of, 100.0 * np.exp(np.cumsum(steps, axis=0)))


def trades_at(
    prices: Prices, entry: list[int], exit_: list[int], symbol: list[int], side: list[int] | None = None, cost: float = 0.0
) -> Trades:
    begin, end, which = (np.array(v, np.int64) for v in (entry, exit_, symbol))
    sides = np.array(side or [1] * len(begin), np.int64)
    none = np.zeros(len(begin))
    gross = sides * 1000.0 * (prices.price[end, which] / prices.price[begin, which] - 1.0)
    return Trades(
        symbol_of=which,
        entry_ns=prices.minute_ns[begin],
        exit_ns=prices.minute_ns[end],
        notional_usd=none + 1000.0,
        gross_usd=gross,
        spread_usd=none + cost,
        fees_usd=none,
        impact_usd=none,
        borrow_usd=none,
        side=sides,
    )


def drawn_trades(prices: Prices, count: int, seed: int, cost: float = 0.0) -> Trades:
    rng = np.random.default_rng(seed)
    session = rng.integers(0, len(prices.price) // MINUTES, count)
    held = rng.integers(1, 20, count)
    entry = session * MINUTES + (rng.random(count) * (MINUTES - held)).astype(int)
    return trades_at(prices, entry.tolist(), (entry + held).tolist(), rng.integers(0, 2, count).tolist(), None, cost)


def best_trades(prices: Prices, held: int = 5) -> Trades:
    """In each session the best moment to hold the first symbol."""
    entry = []
    for begin in range(0, len(prices.price), MINUTES):
        path = prices.price[begin : begin + MINUTES, 0]
        entry.append(begin + int((path[held:] / path[:-held]).argmax()))
    return trades_at(prices, entry, [e + held for e in entry], [0] * len(entry))


def test_p_is_never_nothing() -> None:
    assert p_value(9.0, np.zeros(99)) == 0.01
    assert p_value(0.0, np.zeros(99)) == 1.0


def test_foresight_beats_random_entries() -> None:
    prices = market(1, 30)
    assert random_entries(best_trades(prices), prices, 199, 7).p == 1 / 200


def test_random_entries_have_a_fair_p() -> None:
    """Under luck alone p is uniform: a tenth of runs is below 0.1, a half below 0.5."""
    found = np.array([random_entries(drawn_trades(m := market(seed, 20), 60, seed), m, 99, seed).p for seed in range(200)])
    assert (found < 0.1).mean() == pytest.approx(0.1, abs=0.065)
    assert (found < 0.5).mean() == pytest.approx(0.5, abs=0.11)


def test_cost_moves_ours_and_theirs_alike() -> None:
    prices = market(2, 10)
    free, dear = (random_entries(drawn_trades(prices, 40, 3, cost), prices, 50, 7) for cost in (0.0, 2.0))
    assert dear.observed == pytest.approx(free.observed - 80.0)
    assert dear.draws == pytest.approx(free.draws - 80.0)
    assert dear.p == free.p


def test_random_entries_stay_in_their_session_and_keep_their_time() -> None:
    """Prices that rise by 1 a minute and differ by 1000 from session to session: what a trade earned tells when it was."""
    prices = market(1, 3)
    steps = np.tile(np.arange(MINUTES, dtype=float), 3) + prices.session_of * 1000.0
    climbing = Prices(prices.minute_ns, prices.session_of, np.column_stack((steps, steps)) + 1e6)
    trade = trades_at(climbing, [60 + 10], [60 + 17], [1])
    drawn = random_entries(trade, climbing, 500, 1).draws
    starts = 1000.0 * 7.0 / drawn - 1e6 - 1000.0
    assert starts.min() == pytest.approx(0.0, abs=1e-3)
    assert starts.max() == pytest.approx(MINUTES - 1 - 7, abs=1e-3)


def test_trades_over_night_end_inside_the_grid() -> None:
    prices = market(1, 3)
    trade = trades_at(prices, [MINUTES * 2 + 5, 50], [MINUTES * 3 - 1, MINUTES * 2 + 10], [0, 1], [-1, 1])
    found = random_entries(trade, prices, 300, 1)
    assert np.isfinite(found.draws).all()
    assert found.draws.std() > 0.0


def test_no_trades_are_no_better_than_luck() -> None:
    prices = market(1, 3)
    assert random_entries(trades_at(prices, [], [], []), prices, 10, 1).p == 1.0


def test_missing_prices_are_the_last_ones_known() -> None:
    prices = market(1, 1, symbols=1)
    holes = prices.price.copy()
    holes[[0, 1, 7, 8]] = np.nan
    filled = Prices(prices.minute_ns, prices.session_of, holes).filled()
    assert filled[:2, 0].tolist() == [holes[2, 0]] * 2
    assert filled[7:9, 0].tolist() == [holes[6, 0]] * 2


def test_a_delay_costs_foresight_its_edge() -> None:
    prices = market(3, 40)
    assert delayed_usd(best_trades(prices), prices).sum() < 0.0
    last = trades_at(prices, [MINUTES - 1], [MINUTES - 1], [0])
    assert delayed_usd(last, prices).tolist() == [0.0]
    long = trades_at(prices, [4], [9], [1])
    later = trades_at(prices, [5], [10], [1])
    assert delayed_usd(long, prices) == pytest.approx(later.gross_usd - long.gross_usd)


def test_a_late_signal_that_earns_more_rings() -> None:
    net = returns(1.0, 300)
    assert delay_gains_p(net, net + returns(4.0, 300, seed=2), 499, 1) < 0.01
    assert delay_gains_p(net, net - returns(4.0, 300, seed=2), 499, 1) > 0.9
    assert delay_gains_p(net, net, 499, 1) == 1.0


def test_sign_flips_know_direction_from_luck() -> None:
    assert sign_flip(returns(3.0, 300), returns(3.0, 300), 499, 1).p < 0.01
    found = [sign_flip(r := np.random.default_rng(s).standard_normal(100), r, 99, s).p for s in range(200)]
    assert np.mean(np.array(found) < 0.1) == pytest.approx(0.1, abs=0.065)


def rows(seed: int, edge: float) -> tuple[np.ndarray[tuple[int], np.dtype[np.bool_]], np.ndarray[tuple[int], np.dtype[np.int64]], Float]:
    """Signals in runs of ten rows, over results that drift just as slowly."""
    rng = np.random.default_rng(seed)
    slow = np.repeat(rng.standard_normal(200), 10)
    earned = slow + rng.standard_normal(2000) * 0.1
    taken = np.repeat(rng.standard_normal(200), 10) + edge * slow > 1.0
    return taken, np.repeat(np.arange(20), 100), earned


def test_turned_predictions_keep_their_runs_so_that_p_is_fair() -> None:
    lucky = [rotated_predictions(*rows(seed, 0.0), draws=99, seed=seed).p for seed in range(150)]
    assert np.mean(np.array(lucky) < 0.1) == pytest.approx(0.1, abs=0.075)
    assert rotated_predictions(*rows(1, 1.0), draws=199, seed=1).p == 1 / 200


def test_rows_without_a_result_count_for_nothing() -> None:
    taken, session_of, earned = np.array([True, True, False, True]), np.array([0, 0, 1, 1]), np.array([1.0, np.nan, 5.0, 3.0])
    assert rotated_predictions(taken, session_of, earned, draws=5, seed=1).observed == 2.0
    empty = rotated_predictions(taken[:0], session_of[:0], earned[:0], draws=5, seed=1)
    assert (empty.observed, empty.p) == (0.0, 1.0)


def test_shuffled_labels_run_the_pipeline_again() -> None:
    found = shuffled_labels(returns(3.0, 300), lambda seed: returns(0.0, 300, seed=seed), 19, 100)
    assert found.p == 1 / 20
    assert found.draws == pytest.approx(np.zeros(19), abs=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 999), st.integers(30, 400))
def test_alpha_is_that_of_statsmodels(seed: int, sessions: int) -> None:
    import statsmodels.api as sm

    rng = np.random.default_rng(seed)
    bench = rng.standard_normal(sessions) * 0.01
    net = 0.0005 + 0.7 * bench + rng.standard_normal(sessions) * 0.005
    lags = int(4 * (sessions / 100) ** (2 / 9))
    fitted = sm.OLS(net, sm.add_constant(bench)).fit(cov_type="HAC", cov_kwds={"maxlags": lags})
    ours = beyond_market(net, bench)
    assert ours is not None
    assert ours.observed == pytest.approx(fitted.params[0], abs=1e-12)
    two_sided = fitted.pvalues[0]
    assert ours.p == pytest.approx(two_sided / 2 if ours.observed > 0 else 1 - two_sided / 2, abs=1e-6)


def test_the_market_in_disguise_is_nothing_beyond_it() -> None:
    bench = returns(3.0, 500)
    found = beyond_market(0.5 * bench + returns(0.0, 500, seed=2) * 0.05, bench)
    assert found is not None
    assert found.p > 0.1
    assert beyond_market(bench, np.zeros(500)) is None
