"""The STRATEGIES tuple, and the one function that asks them: the same for a row, for a minute of all symbols and for a whole history."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from tradebot.core.kernels.columns import gather
from tradebot.core.strategies import (
    breakout_momentum,
    extreme_mean_reversion,
    garch_volatility,
    hf_scalping,
    kalman_ma,
    ma_cross,
    mean_reversion,
    microstructure,
    momentum,
    momentum_amplification,
    swing,
    ultra_volatility,
    volatility_breakout,
)
from tradebot.core.strategies.strategy import Strategy

Float = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
NO_PARAMETERS: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType({})

STRATEGIES: Final[tuple[Strategy, ...]] = (
    ultra_volatility.STRATEGY,
    breakout_momentum.STRATEGY,
    momentum_amplification.STRATEGY,
    ma_cross.STRATEGY,
    hf_scalping.STRATEGY,
    extreme_mean_reversion.STRATEGY,
    garch_volatility.STRATEGY,
    kalman_ma.STRATEGY,
    momentum.STRATEGY,
    mean_reversion.STRATEGY,
    volatility_breakout.STRATEGY,
    swing.STRATEGY,
    microstructure.STRATEGY,
)


def evaluate(
    strategies: Sequence[Strategy],
    features: Float,
    column_of: Mapping[str, int],
    suffix: str = "",
    parameters: Mapping[str, Mapping[str, float]] = NO_PARAMETERS,
) -> tuple[Float, Bool]:
    """Signals (..., K) of K strategies on `features` (..., F), and where they are valid (..., K).

    A strategy with an input that is not finite is not valid and its signal is 0. `suffix` ("_tf5") asks on the columns of a longer frame;
    a strategy that is not `framed` is not valid there. `parameters` overrides defaults by strategy and name. Raises KeyError with the
    name of a column that is missing, TypeError for a parameter that a strategy doesn't have.
    """
    signals = np.zeros((*features.shape[:-1], len(strategies)))
    valid = np.zeros(signals.shape, np.bool_)
    with np.errstate(all="ignore"):  # rows that are not valid may compute anything: they are masked below
        for k, strategy in enumerate(strategies):
            if suffix and not strategy.framed:
                continue
            columns, known = gather(features, column_of, strategy.signal, suffix)
            signal = strategy.signal(*columns, **parameters.get(strategy.name, {}))
            valid[..., k] = known & np.isfinite(signal)
            signals[..., k] = np.where(valid[..., k], signal, 0.0)
    return signals, valid


def strategy_by_name(name: str) -> Strategy:
    """The strategy of that name. Raises KeyError, whose text names the nearest one."""
    by_name = {strategy.name: strategy for strategy in STRATEGIES}
    if name not in by_name:
        nearest = difflib.get_close_matches(name, by_name, 1, 0.0)[0]
        raise KeyError(f"there is no strategy {name!r}; the nearest is {nearest!r}")
    return by_name[name]


def inputs_of(strategies: Sequence[Strategy], frames: Sequence[str] = ("",)) -> tuple[str, ...]:
    """Every column without which some strategy is silent, each once, over the frames' suffixes ("" = the 1-minute columns)."""
    return tuple(dict.fromkeys(n + suffix for suffix in frames for s in strategies if s.framed or not suffix for n in s.inputs))


def optional_inputs_of(strategies: Sequence[Strategy], frames: Sequence[str] = ("",)) -> tuple[str, ...]:
    """Every column that some strategy reads where it is there."""
    return tuple(dict.fromkeys(n + suffix for suffix in frames for s in strategies if s.framed or not suffix for n in s.optional_inputs))
