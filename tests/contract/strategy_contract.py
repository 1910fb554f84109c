"""What every strategy promises, as checks that raise: used on STRATEGIES and on the example of core/strategies/README.md."""

from __future__ import annotations

import inspect

import numpy as np
import numpy.typing as npt

from tradebot.core.strategies.catalogue import evaluate
from tradebot.core.strategies.strategy import Strategy

Float = npt.NDArray[np.float64]
ROWS = 4000

# How a column looks: (smallest, usual size, largest). Values are drawn around the usual size and, now and then, at the ends and at 0.
SIGNED_SMALL = (-0.9, 0.001, 9.0)
POSITIVE_SMALL = (0.0, 0.001, 2.0)
KINDS: dict[str, tuple[float, float, float]] = {
    "volume_ratio": (0.0, 2.0, 10.0),
    "adx_14": (0.0, 30.0, 100.0),
    "hurst_64": (0.0, 0.5, 1.0),
    "zscore_20": (-4.3, 2.0, 4.3),
    "day_zscore_20": (-4.3, 2.0, 4.3),
    "kalman_innovation": (-50.0, 1.0, 50.0),
    "range_expansion_14": (0.0, 1.2, 14.0),
    "book_imbalance": (-1.0, 0.5, 1.0),
    "trade_size_mean": (1.0, 100.0, 1e6),
    "rank_momentum_15m": (0.0, 0.5, 1.0),
    "rsi_14": (0.0, 50.0, 100.0),
    **{name: (-5.0, 0.5, 5.0) for name in ("vam_5", "vam_10", "vam_20", "vam_60")},
    **{name: POSITIVE_SMALL for name in ("volatility_5m", "volatility_20", "garch_volatility_5", "atr_rel_14", "spread_rel")},
    "day_volatility_20": (0.0, 0.01, 2.0),
}
CHANNELS = (("breakout_high_5", "breakout_low_5"), ("channel_high_20", "channel_low_20"))
EVEN = frozenset(
    {"volume_ratio", "adx_14", "hurst_64", "range_expansion_14", "trade_size_mean", "volatility_5m", "volatility_20", "garch_volatility_5",
     "atr_rel_14", "spread_rel", "day_volatility_20"}
)  # fmt: skip


def columns_of(strategy: Strategy) -> tuple[str, ...]:
    return (*strategy.inputs, *strategy.optional_inputs)


def rows_for(names: tuple[str, ...], seed: int, rows: int = ROWS) -> Float:
    """Rows (rows, F) of legal values: ordinary, extreme and exactly 0; channels whose high is above their low."""
    random = np.random.default_rng(seed)
    out = np.empty((rows, len(names)))
    for f, name in enumerate(names):
        low, usual, high = KINDS.get(name, SIGNED_SMALL)
        drawn = usual * random.normal(size=rows) * 10.0 ** random.integers(-2, 2, rows)
        drawn = np.where(random.random(rows) < 0.05, random.choice([low, high, 0.0], rows), drawn)
        out[:, f] = np.clip(np.abs(drawn) if low >= 0.0 else drawn, low, high)
    for top, bottom in CHANNELS:
        if top in names and bottom in names:
            a, b = out[:, names.index(top)].copy(), out[:, names.index(bottom)].copy()
            out[:, names.index(top)], out[:, names.index(bottom)] = np.minimum(a, b), np.maximum(a, b)
    return out


def ask(strategy: Strategy, rows: Float) -> tuple[Float, npt.NDArray[np.bool_]]:
    """Signals and validity of one strategy on (..., F) rows in the order of `columns_of`."""
    signals, valid = evaluate([strategy], rows, {name: i for i, name in enumerate(columns_of(strategy))})
    return signals[..., 0], valid[..., 0]


def check_declaration(strategy: Strategy) -> None:
    assert strategy.name.isidentifier()
    assert strategy.title
    assert strategy.source
    assert strategy.inputs, "a strategy reads something"
    assert set(strategy.pools) <= {"high_volatility", "trending", "ranging"}
    assert strategy.max_hold_bars >= 0
    assert inspect.getdoc(inspect.getmodule(strategy.signal)), "the formula stands in the module's docstring"


def check_range_and_life(strategy: Strategy) -> None:
    """|signal| <= 1 everywhere, and there are longs, shorts and flats."""
    signals, valid = ask(strategy, rows_for(columns_of(strategy), 1))
    assert valid.all()
    assert np.abs(signals).max() <= 1.0
    assert len(np.unique(signals)) > 100, "conviction is graded"
    assert (signals > 0.0).sum() > 10
    assert (signals < 0.0).sum() > 10


def check_rows_equal_history(strategy: Strategy) -> None:
    """One row at a time, minutes of symbols and the whole history agree bit for bit."""
    rows = rows_for(columns_of(strategy), 2, 600)
    rows[::17, 0] = np.nan
    whole, valid = ask(strategy, rows)
    one_by_one = np.array([ask(strategy, row)[0] for row in rows])
    assert one_by_one.tobytes() == whole.tobytes()
    assert [bool(ask(strategy, row)[1]) for row in rows] == valid.tolist()
    grid, _ = ask(strategy, rows.reshape(60, 10, -1))
    assert grid.tobytes() == whole.tobytes()
    wide = np.full((len(rows), 3 * rows.shape[1]), np.nan)  # strided columns, as a view of the catalogue's row has
    wide[:, ::3] = rows
    assert ask(strategy, wide[:, ::3])[0].tobytes() == whole.tobytes()
    ahead, _ = ask(strategy, rows[:100])
    assert ahead.tobytes() == whole[:100].tobytes()


def check_fails_closed(strategy: Strategy) -> None:
    """An input that is not finite: not valid, signal 0. An optional one: its neutral value."""
    names = columns_of(strategy)
    rows = rows_for(names, 3)
    for f, name in enumerate(names):
        for bad in (np.nan, np.inf, -np.inf):
            broken = rows.copy()
            broken[:, f] = bad
            signals, valid = ask(strategy, broken)
            if name in strategy.optional_inputs:
                neutral = rows.copy()
                neutral[:, f] = strategy.optional_inputs[name]
                assert signals.tobytes() == ask(strategy, neutral)[0].tobytes()
                assert valid.all()
            else:
                assert not valid.any()
                assert not signals.any()


def check_odd(strategy: Strategy) -> None:
    """In the mirror (prices upside down) the same conviction, the other way."""
    names = columns_of(strategy)
    rows = rows_for(names, 4)
    mirror = rows.copy()
    for f, name in enumerate(names):
        if name not in EVEN:
            mirror[:, f] = 1.0 - rows[:, f] if name.startswith("rank_") else -rows[:, f]
    for top, bottom in CHANNELS:
        if top in names:
            mirror[:, names.index(top)], mirror[:, names.index(bottom)] = -rows[:, names.index(bottom)], -rows[:, names.index(top)]
    assert np.allclose(ask(strategy, mirror)[0], -ask(strategy, rows)[0], rtol=0.0, atol=1e-12)


def check_parameters_matter(strategy: Strategy) -> None:
    """Every tunable number changes the answer, and one that is not there is refused."""
    names = columns_of(strategy)
    rows, at = rows_for(names, 5), {name: i for i, name in enumerate(names)}
    usual, _ = evaluate([strategy], rows, at)
    for name, value in strategy.parameters.items():
        other, _ = evaluate([strategy], rows, at, parameters={strategy.name: {name: 1.5 * value}})
        assert (other != usual).any(), name
    try:
        evaluate([strategy], rows, at, parameters={strategy.name: {"no_such_number": 1.0}})
    except TypeError:
        return
    raise AssertionError("an unknown parameter passed")


CHECKS = (
    check_declaration, check_range_and_life, check_rows_equal_history, check_fails_closed, check_odd, check_parameters_matter,
)  # fmt: skip
