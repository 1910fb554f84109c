"""What a profile decides about the training of its meta-selector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Le, Lt


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectorConfig:
    """A random forest over strategies and "flat" (seeds/000: 100 trees). `jobs` is the number of cores; results don't depend on it."""

    trees: Annotated[int, Ge(1), Le(5000)] = 100
    depth: Annotated[int, Ge(1), Le(30)] = 8
    min_leaf: Annotated[int, Ge(1)] = 20
    test_fraction: Annotated[float, Gt(0), Lt(1)] = 0.2
    embargo_sessions: Annotated[int, Ge(0)] = 1
    rows_min: Annotated[int, Ge(10)] = 200
    seed: Annotated[int, Ge(0), Lt(2**32)] = 42
    jobs: Annotated[int, Ge(1)] = 1
