"""A profile's strategies with all that they read, put together once: the same code asks them for one minute and for a history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from tradebot.core.config import PlaybookConfig
from tradebot.core.forecast.model import Model
from tradebot.core.opinions.regimes import Regimes
from tradebot.core.regime.weights import weight_table
from tradebot.core.selection.confluence import combine
from tradebot.core.strategies.catalogue import evaluate, inputs_of, optional_inputs_of, strategy_by_name
from tradebot.core.strategies.gates import GATE_INPUTS
from tradebot.core.strategies.strategy import Strategy

Float = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

FRAMES: Final = ("", "_tf5", "_tf15", "_tf60")
"""Suffixes of the columns on 1, 5, 15 and 60-minute bars, in the order of the confluence weights."""


@dataclass(frozen=True, slots=True)
class Playbook:
    """`names` are the columns that it reads; `table` (L + 1, K) the weights by regime; `column_of` places the names in the catalogue."""

    strategies: tuple[Strategy, ...]  # (K,)
    regimes: Regimes
    table: Float
    names: tuple[str, ...]
    column_of: Mapping[str, int]
    config: PlaybookConfig

    @staticmethod
    def of(config: PlaybookConfig, catalogue: Sequence[str], model: Model | None = None) -> Playbook:
        """`catalogue` are the names of all columns, `model` that of learned regimes.

        Raises KeyError, with the nearest name, for a strategy or detector that there isn't, OperatorFault for a model without regimes.
        """
        strategies = tuple(strategy_by_name(name) for name in config.strategies.names)
        regimes = Regimes.of(config.regime.detector, model)
        frames = FRAMES if config.strategies.confluence else FRAMES[:1]
        wanted = (*inputs_of(strategies, frames), *optional_inputs_of(strategies, frames), *regimes.inputs)
        names = tuple(dict.fromkeys((*wanted, *(GATE_INPUTS if config.gates is not None else ()))))
        table = weight_table(regimes.detector, regimes.labels, [s.alpha for s in strategies], [s.pools for s in strategies])
        holds = replace(config.selection.performance, max_hold_bars=tuple(s.max_hold_bars for s in strategies))
        filled = replace(config, selection=replace(config.selection, performance=holds))
        return Playbook(strategies, regimes, table, names, {name: i for i, name in enumerate(catalogue)}, filled)

    @property
    def strategy_names(self) -> tuple[str, ...]:
        return tuple(s.name for s in self.strategies)

    @property
    def arms(self) -> tuple[str, ...]:
        """The strategies, and flat."""
        return (*self.strategy_names, "flat")

    def signals(self, features: Float, column_of: Mapping[str, int] | None = None) -> tuple[Float, Bool]:
        """Signals (..., K) after confluence and where they are valid, of features (..., F); `column_of` places their columns."""
        places = self.column_of if column_of is None else column_of
        parameters = self.config.strategies.parameters
        if not self.config.strategies.confluence:
            return evaluate(self.strategies, features, places, parameters=parameters)
        asked = [evaluate(self.strategies, features, places, suffix, parameters) for suffix in FRAMES]
        framed = np.array([s.framed for s in self.strategies])
        together = combine(
            np.stack([signal for signal, _ in asked], axis=-1),
            np.stack([valid for _, valid in asked], axis=-1),
            self.config.selection.confluence_weights,
        )
        signal, valid = asked[0]
        return np.where(framed, together, signal), valid
