"""A profile's strategies with all that they read, put together once: the same code asks them for one minute and for a history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from tradebot.core.config import PlaybookConfig
from tradebot.core.regime.catalogue import detector_by_name
from tradebot.core.regime.detector import Detector, Labels, detect
from tradebot.core.regime.persistence import new_state, persist_scan
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
    detector: Detector
    table: Float
    names: tuple[str, ...]
    column_of: Mapping[str, int]
    config: PlaybookConfig

    @staticmethod
    def of(config: PlaybookConfig, catalogue: Sequence[str]) -> Playbook:
        """`catalogue` are the names of all columns. Raises KeyError, with the nearest name, for a strategy or detector that there isn't."""
        strategies = tuple(strategy_by_name(name) for name in config.strategies.names)
        detector = detector_by_name(config.regime.detector)
        frames = FRAMES if config.strategies.confluence else FRAMES[:1]
        wanted = (*inputs_of(strategies, frames), *optional_inputs_of(strategies, frames), *detector.inputs)
        names = tuple(dict.fromkeys((*wanted, *(GATE_INPUTS if config.gates is not None else ()))))
        table = weight_table(detector.name, detector.labels, [s.alpha for s in strategies], [s.pools for s in strategies])
        holds = replace(config.selection.performance, max_hold_bars=tuple(s.max_hold_bars for s in strategies))
        filled = replace(config, selection=replace(config.selection, performance=holds))
        return Playbook(strategies, detector, table, names, {name: i for i, name in enumerate(catalogue)}, filled)

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

    def seen(self, features: Float, column_of: Mapping[str, int] | None = None) -> Labels:
        """The detector's labels (...) before persistence."""
        return detect(self.detector, features, self.column_of if column_of is None else column_of)

    def regimes(self, seen: Labels) -> Labels:
        """Labels (T, N) with persistence, from a cold start."""
        out = np.empty_like(seen)
        persist_scan(new_state(seen.shape[1]), seen, self.config.regime.persistence_bars, self.detector.at_once, out)
        return out
