"""What a profile decides about the training of regimes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt, MinLen


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimesConfig:
    """Columns, clusters, hidden states and forest of one training.

    Clusters are found in `volatility_inputs` and `trend_inputs` and named by them; the forest that forecasts the next `horizon_min` minutes
    reads `context_inputs` too (the VIX and yields of 002 go here where the data has them). The hidden Markov model reads `hmm_inputs`, of
    which the first is a return: its deviation orders the states. One row every `stride_min` minutes of a session is learned from.
    """

    volatility_inputs: Annotated[tuple[str, ...], MinLen(1)] = ("volatility_20", "volatility_percentile")
    trend_inputs: Annotated[tuple[str, ...], MinLen(1)] = ("trend_strength_20", "adx_14")
    context_inputs: tuple[str, ...] = ("hurst_64", "volume_ratio_10_50", "minutes_to_close")
    clusters: Annotated[int, Ge(2), Le(12)] = 4
    horizon_min: Annotated[int, Ge(5), Le(240)] = 60
    stride_min: Annotated[int, Ge(1), Le(60)] = 5
    trees: Annotated[int, Ge(1), Le(500)] = 50
    depth: Annotated[int, Ge(1), Le(12)] = 6
    min_leaf: Annotated[int, Ge(1)] = 20
    hmm_inputs: Annotated[tuple[str, ...], MinLen(1)] = ("return_1m", "volatility_5m")
    hmm_states: Literal[2, 3] = 2
    hmm_bars_max: Annotated[int, Ge(1000)] = 100_000
    test_fraction: Annotated[float, Gt(0), Lt(1)] = 0.2
    embargo_sessions: Annotated[int, Ge(0)] = 1
    rows_min: Annotated[int, Ge(10)] = 200
    seed: Annotated[int, Ge(0), Lt(2**32)] = 7
    jobs: Annotated[int, Ge(1)] = 1

    @property
    def cluster_inputs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.volatility_inputs + self.trend_inputs))

    @property
    def features(self) -> tuple[str, ...]:
        """Every column that is read, each once: the forest's row."""
        return tuple(dict.fromkeys(self.cluster_inputs + self.context_inputs + self.hmm_inputs))
