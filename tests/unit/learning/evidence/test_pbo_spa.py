from __future__ import annotations

import numpy as np
import purgedcv
import pytest
from arch.bootstrap import StationaryBootstrap
from hypothesis import given, settings
from hypothesis import strategies as st

from tradebot.learning.evidence.arrays import Float, block_length
from tradebot.learning.evidence.pbo import Overfitting, blocks_for, overfitting, without_twins
from tradebot.learning.evidence.spa import Superiority, superior_ability


def noise(seed: int, sessions: int, columns: int, drift: float = 0.0) -> Float:
    found: Float = (np.random.default_rng(seed).standard_normal((sessions, columns)) + drift) * 0.01
    return found


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(33, 120), st.integers(2, 9), st.booleans())
def test_overfitting_is_that_of_purgedcv(seed: int, sessions: int, configurations: int, twin: bool) -> None:
    returns = noise(seed, sessions, configurations)
    if twin:
        returns[:, -1] = returns[:, 0]
    ours = overfitting(returns, blocks=8)
    theirs = purgedcv.probability_of_backtest_overfitting(returns.T, n_splits=8)
    assert isinstance(ours, Overfitting)
    assert ours.pbo == theirs.pbo
    assert ours.logits == pytest.approx(theirs.logits, abs=1e-12)
    assert ours.slope == pytest.approx(theirs.slope, rel=1e-6, abs=1e-9)


def test_the_standard_case_has_12870_combinations() -> None:
    found = overfitting(noise(1, 256, 40))
    assert isinstance(found, Overfitting)
    assert (len(found.logits), found.blocks, found.note) == (12_870, 16, "")
    assert 0.2 < found.pbo < 0.8


def test_one_configuration_that_is_always_best_is_not_overfit() -> None:
    returns = noise(2, 256, 10)
    returns[:, 3] += 0.01
    found = overfitting(returns)
    assert isinstance(found, Overfitting)
    assert found.pbo == 0.0
    assert found.loss == 0.0


@pytest.mark.parametrize(("sessions", "blocks"), [(15, 0), (16, 4), (23, 4), (24, 6), (63, 14), (64, 16), (9999, 16)])
def test_short_histories_have_fewer_blocks(sessions: int, blocks: int) -> None:
    assert blocks_for(sessions) == blocks
    found = overfitting(noise(1, sessions, 3))
    assert found == "too short: 15 sessions, 16 needed" if not blocks else isinstance(found, Overfitting) and found.blocks == blocks
    if 0 < blocks < 16:
        assert isinstance(found, Overfitting)
        assert found.note == f"{blocks} blocks instead of 16: {sessions} sessions are few"


def test_nothing_chosen_and_nothing_finite() -> None:
    assert overfitting(noise(1, 100, 1)) == "one configuration: nothing was chosen"
    assert overfitting(np.full((100, 2), np.nan)) == "a return is not finite"


def test_configurations_that_never_moved_are_no_best() -> None:
    found = overfitting(np.zeros((64, 5)))
    assert isinstance(found, Overfitting)
    assert (found.pbo, found.logits.min(), found.logits.max()) == (0.0, 0.0, 0.0)


def hansen(returns: Float, draws: int, seed: int) -> float:
    """The consistent p-value as the paper writes it, from arch's resamples."""
    n, block = len(returns), block_length(len(returns))
    q = 1.0 / block
    mean, away = returns.mean(axis=0), returns - returns.mean(axis=0)
    kernel = [(n - i) / n * (1 - q) ** i + i / n * (1 - q) ** (n - i) for i in range(n)]
    omega = np.sqrt([c @ c / n + 2 * sum(kernel[i] * (c[: n - i] @ c[i:]) / n for i in range(1, n)) for c in away.T])
    statistic = max((np.sqrt(n) * mean / omega).max(), 0.0)
    centre = np.where(mean >= -omega / np.sqrt(n) * np.sqrt(2 * np.log(np.log(n))), mean, 0.0)
    drawn = [data[0][0].mean(axis=0) - centre for data in StationaryBootstrap(block, returns, seed=seed).bootstrap(draws)]
    return float(np.mean([max((np.sqrt(n) * d / omega).max(), 0.0) > statistic for d in drawn]))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_superiority_is_that_of_the_paper(seed: int) -> None:
    returns = noise(seed, 150, 5, 0.06) * np.array([1.0, 3.0, 0.2, 1.0, 9.0])
    found = superior_ability(returns, list("abcde"), draws=300, seed=3)
    assert isinstance(found, Superiority)
    assert found.consistent == pytest.approx(hansen(returns, 300, 3), abs=1e-9)
    assert found.lower <= found.consistent <= found.upper


def test_a_wild_strategy_does_not_drown_a_good_one() -> None:
    returns = np.column_stack((noise(1, 500, 1, 0.25), noise(2, 500, 4) * 20.0))
    found = superior_ability(returns, list("abcde"))
    assert isinstance(found, Superiority)
    assert found.consistent < 0.01


def test_one_good_among_many_is_found_and_kept() -> None:
    returns = noise(6, 500, 8)
    returns[:, 2] += 0.004
    found = superior_ability(returns, list("abcdefgh"))
    assert isinstance(found, Superiority)
    assert found.consistent < 0.01
    assert found.kept == ("c",)


def test_luck_among_many_is_rarely_called_superior() -> None:
    called = 0
    for seed in range(60):
        found = superior_ability(noise(seed, 120, 8), list("abcdefgh"), draws=199, seed=seed)
        assert isinstance(found, Superiority)
        called += found.consistent < 0.05
    assert called <= 9  # 3 are expected; more than 9 has a chance of 1 in 1000


def test_what_never_traded_and_twins_are_no_difficulty() -> None:
    one = noise(7, 100, 1, 0.3)
    returns = np.column_stack((one, one, one + 0.001, np.zeros(100)))
    found = superior_ability(returns, ["net", "twin", "shifted", "idle"])
    assert isinstance(found, Superiority)
    assert (found.strategies, found.kept, found.note) == (3, ("net", "twin", "shifted"), "1 that never did anything left out")
    assert superior_ability(np.zeros((100, 2)), ["a", "b"]) == "no strategy did anything that the benchmark did not"
    assert superior_ability(one[:19], ["a"]) == "too short: 19 sessions, 20 needed"
    assert superior_ability(one * np.nan, ["a"]) == "a return is not finite"


def test_a_benchmark_is_what_must_be_beaten() -> None:
    market = noise(8, 400, 1, 0.2)[:, 0]
    alone = superior_ability(market[:, None], ["market"])
    beside = superior_ability(market[:, None] * 1.0001, ["market"], benchmark=market)
    assert isinstance(alone, Superiority)
    assert isinstance(beside, Superiority)
    assert alone.consistent < 0.01
    weak = noise(9, 400, 1, 0.05)
    against = superior_ability(weak, ["weak"], benchmark=market)
    assert isinstance(against, Superiority)
    assert against.consistent > 0.5


def test_twins_are_one_configuration_and_ours_is_the_last() -> None:
    columns = noise(3, 200, 3)
    twins = np.column_stack((columns[:, 0] * 2 + 0.01, columns, columns[:, 1] + columns[:, 2] * 0.01))
    assert without_twins(twins) == pytest.approx(np.column_stack((columns[:, 0], columns[:, 2], twins[:, -1])))
    assert without_twins(np.column_stack((np.zeros(200), columns[:, 0], np.zeros(200)))).shape == (200, 2)
    assert without_twins(-columns[:, :1] @ np.array([[1.0, -1.0]])).shape == (200, 2)
