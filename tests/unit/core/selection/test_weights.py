"""Scores from a record, volatility weights, the pools of each mode, and the no-trade band."""

from __future__ import annotations

import numpy as np
import pytest

from tradebot.core.selection.band import direction
from tradebot.core.selection.config import EvidenceConfig, PerformanceConfig, SelectionConfig
from tradebot.core.selection.ensemble import volatility_weights
from tradebot.core.selection.performance import LEDGER_WIDTH, M2, MEAN, N2, TRADES, N
from tradebot.core.selection.pool import by_arm, by_performance, by_regime, by_selector, by_volatility, regime_pool
from tradebot.core.selection.weights import bars_effective, performance_scores, t_statistic, variance

SURE = EvidenceConfig(bars_min=1.0, trades_min=1.0)


def ledger(*records: np.ndarray, trades: float = 100.0) -> np.ndarray:
    """Books (K, W) of equally weighted bar P&L."""
    out = np.zeros((len(records), LEDGER_WIDTH))
    for book, x in zip(out, records, strict=True):
        book[[N, N2, MEAN, M2, TRADES]] = len(x), len(x), x.mean(), ((x - x.mean()) ** 2).sum(), trades
    return out


def test_t_is_the_textbook_one() -> None:
    from scipy.stats import ttest_1samp

    x = np.random.default_rng(0).normal(0.1, 1, 50)
    books = ledger(x, -x, np.zeros(50))
    assert t_statistic(books) == pytest.approx([ttest_1samp(x, 0).statistic, -ttest_1samp(x, 0).statistic, 0.0])
    assert variance(books) == pytest.approx([x.var(ddof=1)] * 2 + [0.0])
    assert bars_effective(books).tolist() == [50, 50, 50]


def test_ignorance_is_neutral_a_proven_loser_gets_nothing_and_a_winner_more() -> None:
    x = np.random.default_rng(1).normal(0, 1, 400)
    x -= x.mean()
    books = ledger(x, x - 0.5, x + 0.05, x + 5.0)
    scores = performance_scores(books, SURE)
    assert scores[:2] == pytest.approx([1.0, 0.0])
    assert 1.0 < scores[2] < 2.0
    assert scores[3] == SURE.score_max
    assert performance_scores(np.zeros((3, LEDGER_WIDTH)), SURE).tolist() == [1, 1, 1]


def test_too_few_bars_or_trades_prove_little() -> None:
    x = np.random.default_rng(2).normal(-1.0, 1, 100)
    full = performance_scores(ledger(x), EvidenceConfig(bars_min=100, trades_min=1, t_scale=50))
    half = performance_scores(ledger(x), EvidenceConfig(bars_min=200, trades_min=1, t_scale=50))
    tenth = performance_scores(ledger(x, trades=3), EvidenceConfig(bars_min=1, trades_min=30, t_scale=50))
    assert full[0] < half[0] < tenth[0] < 1.0
    assert 1 - half[0] == pytest.approx((1 - full[0]) / 2)
    assert 1 - tenth[0] == pytest.approx((1 - full[0]) / 10)


def test_the_volatile_strategy_gets_less_and_the_untraded_one_the_average() -> None:
    x = np.random.default_rng(3).normal(0, 1e-3, 100_000)
    weights = volatility_weights(ledger(x, 4 * x, np.zeros(100_000)))
    assert weights.sum() == pytest.approx(1.0)
    assert weights[0] / weights[1] == pytest.approx(4.0, rel=0.02)
    assert weights[0] / weights[2] == pytest.approx(2.5, rel=0.02)  # the mean of 1 and 4
    short = volatility_weights(ledger(x[:5], 4 * x[:5]))
    assert 1.0 < short[0] / short[1] < 1.1  # five bars move little
    assert volatility_weights(np.zeros((4, LEDGER_WIDTH))).tolist() == [0.25] * 4


def rows(*values: list[float]) -> np.ndarray:
    return np.array(values, float)


def test_pools_by_hand() -> None:
    pool = regime_pool(rows([1, 1, 0, 1], [0.7, 0.1, 0.2, 0.0], [0, 0, 0, 0], [np.nan, 2.0, -1.0, 0.5]))
    assert pool[3].tolist() == [0, 1, 0, 0.5]
    np.testing.assert_allclose(by_regime(pool), rows([1 / 3, 1 / 3, 0, 1 / 3], [0.7, 0.1, 0.2, 0], [0] * 4, [0, 2 / 3, 0, 1 / 3]))
    scores = rows([1, 0, 3, 3], [1, 1, 0, 1], [3] * 4, [1, 1, 1, 1])
    np.testing.assert_allclose(by_performance(pool, scores)[:3], rows([1 / 4, 0, 0, 3 / 4], [0.7, 0.1, 0, 0], [0] * 4))
    np.testing.assert_allclose(by_volatility(pool, np.full((4, 4), 0.25)), by_regime(pool))
    np.testing.assert_allclose(by_volatility(pool, rows([0.5, 0.25, 0.125, 0.125]))[0], [4 / 7, 2 / 7, 0, 1 / 7])
    assert by_arm(pool, np.array([1, 0, 0, 4])).tolist() == [[0, 1, 0, 0], [1, 0, 0, 0], [0] * 4, [0] * 4]
    assert by_arm(pool, np.array([2, -1, -1, -1])).tolist() == [[0] * 4] * 4  # the regime no longer trades it
    p = rows([0.2, 0.3, 0.4, 0.0, 0.1], [0.5, 0, 0, 0, 0.5], [0.9, 0.1, 0, 0, 0], [0] * 5)
    got = by_selector(pool, np.ones((4, 4)), p)
    np.testing.assert_allclose(got, rows([0.2 / 0.6, 0.5, 0, 0], [0.5, 0, 0, 0], [0] * 4, [0] * 4))
    assert by_selector(pool, np.zeros((4, 4)), p).tolist() == [[0] * 4] * 4


def test_no_mode_ever_weighs_more_than_one() -> None:
    random = np.random.default_rng(4)
    pool = regime_pool(random.random((500, 6)) * (random.random((500, 6)) < 0.5))
    scores, p = random.random((500, 6)) * 3, random.dirichlet(np.ones(7) * 0.3, 500)
    for weights in (
        by_regime(pool), by_performance(pool, scores), by_volatility(pool, p[:, :6] + 1e-9), by_selector(pool, scores, p),
        by_arm(pool, random.integers(-1, 7, 500)),
    ):  # fmt: skip
        assert (weights >= 0).all()
        assert weights.sum(axis=1).max() <= 1 + 1e-12
        assert not weights[pool.sum(axis=1) == 0].any()


def test_one_row_equals_many() -> None:
    random = np.random.default_rng(5)
    pool, scores, p = random.random((40, 9)), random.random((40, 9)) * 3, random.dirichlet(np.ones(10), 40)
    books = np.abs(random.random((40, 9, LEDGER_WIDTH))) + 1.5
    for n in range(40):
        one = slice(n, n + 1)
        assert by_selector(pool[one], scores[one], p[one]).tobytes() == by_selector(pool, scores, p)[n].tobytes()
        assert performance_scores(books[one], SURE).tobytes() == performance_scores(books, SURE)[n].tobytes()
        assert volatility_weights(books[one]).tobytes() == volatility_weights(books)[n].tobytes()


BAND = SelectionConfig(forecast_min=0.2, exit_below=0.05)


@pytest.mark.parametrize(
    ("forecast", "held", "wanted"),
    [(0.19, 0, 0), (0.2, 0, 1), (-0.2, 0, -1), (0.05, 7, 1), (0.04, 7, 0), (-0.1, 7, 0), (-0.3, 7, -1), (-0.05, -3, -1), (0.0, -3, 0)],
)
def test_the_band_opens_late_and_closes_late(forecast: float, held: int, wanted: int) -> None:
    assert direction(np.array([forecast]), np.array([held]), BAND).tolist() == [wanted]


def test_a_long_only_band_and_a_band_of_nothing() -> None:
    long = SelectionConfig(performance=PerformanceConfig(long_only=True))
    assert direction(np.array([-0.9, -0.9, 0.9]), np.array([0, 5, 5]), long).tolist() == [0, 0, 1]
    always = SelectionConfig(forecast_min=0.0, exit_below=0.0)
    assert direction(np.array([0.0, 1e-9, -1e-9]), np.array([5, 0, 0]), always).tolist() == [0, 1, -1]


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"confluence_weights": (0.5, 0.5, 0.5, 0.0)}, "sum to 1.5"), ({"exit_below": 0.5}, "exit_below 0.5 > forecast_min")],
)
def test_impossible_settings_are_refused(changes: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        SelectionConfig(**changes)  # type: ignore[arg-type]
