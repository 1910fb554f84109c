"""Sizes in the loop are the pipeline's, for any rule, any market's memory and any portfolio."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.scan_market import market
from tests.property.scan_sizing import random_sizing
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.portfolio import evidence as at
from tradebot.core.portfolio import pairs, volatility
from tradebot.core.portfolio.memory import SizingState
from tradebot.core.portfolio.sizer import Candidate, Sizer
from tradebot.sim.scan.layout import Sizes
from tradebot.sim.scan.sizes import size_of, size_rules, sizes_of


@settings(max_examples=300, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_size_is_the_sizers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    config, count = random_sizing(rng), int(rng.integers(1, 5))
    memory = SizingState(seen=rng.uniform(0.01, 2.0, (count, volatility.SEEN)), pairs=pairs.new_pairs(count))
    memory.seen[rng.random(memory.seen.shape) < 0.1] = np.nan
    for i in range(count):
        for j in range(i):
            a, b = rng.uniform(0.0, 1e-6, 2)
            memory.pairs[i, j] = (rng.uniform(-1, 1) * np.sqrt(a * b), a, b, rng.uniform(0, 1))
    evidence = rng.uniform(0.0, 30.0, (count, at.WIDTH))
    evidence[:, (at.MEAN, at.VARIANCE)] *= (1e-6, 1e-8)
    evidence[:, at.SHARE] = rng.choice([0.0, 0.3, 1.0], count)
    evidence[rng.random(evidence.shape) < 0.1] = 0.0
    equity, free = int(rng.choice([0, 10**9, 10**10])), int(rng.integers(0, 10**9))
    units = (rng.integers(0, 10**9, count) * (rng.random(count) < 0.5)).astype(np.int64)
    n, price = int(rng.integers(0, count)), int(rng.integers(1, 10**7))
    stop, conviction = int(price * rng.uniform(0.9, 1.0)), float(rng.uniform(-0.2, 1.2))

    held = {i: int(units[i]) for i in rng.permutation(count).tolist() if units[i]}
    asked = Sizer(config, memory, equity, held, evidence).size(Candidate(n, conviction, price, stop, free))
    below = [pairs.correlation(memory.pairs, i, j) for i in range(count) for j in range(i)]
    sizes = Sizes(memory.seen[None], evidence[None], np.array([below], np.float64).reshape(1, -1))
    assert size_of(size_rules(config), sizes, 0, n, conviction, price, stop, equity, free, units) == asked.shares


@settings(max_examples=15, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), symbols=st.integers(1, 4))
def test_what_sizes_read_is_what_the_live_steps_saw(seed: int, symbols: int) -> None:
    rng = np.random.default_rng(seed)
    _, _, grid = market(rng, symbols, (61, 130, 75))
    config = random_sizing(rng)
    sizes, state = sizes_of(config, grid, None), SizingState()
    if config.is_plain:
        assert not sizes.seen.size
        return
    for t in range(len(grid.minute_ns)):
        opened = grid.sessions[grid.session_of[t]].open_ns // NS_PER_MINUTE
        state.step(int(grid.minute_ns[t]) // NS_PER_MINUTE, opened, grid.close[t], grid.present[t], with_pairs=config.weighs_portfolio)
        np.testing.assert_array_equal(sizes.seen[t], state.seen)
        if config.weighs_portfolio:
            below = [pairs.correlation(state.pairs, i, j) for i in range(symbols) for j in range(i)]
            np.testing.assert_array_equal(sizes.correlations[t], below)
