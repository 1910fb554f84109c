"""What goes with what, between kinds of models and labels: constants, so that a profile is checked before anything heavy is imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Answer = Literal["probability", "number", "classes"]

ANSWERS: Final[Mapping[str, Answer]] = {
    "triple_barrier": "probability",
    "triple_barrier_volatility": "probability",
    "forward_15m_beats_cost": "probability",
    "forward_beats_cost": "probability",
    "forward_return": "number",
    "reversal": "probability",
    "realised_volatility": "number",
    "regime": "classes",
    "dollar_profit": "number",
    "meta_label": "probability",
}
"""What a label is (`Dataset.answer`)."""

LEARNS: Final[Mapping[str, tuple[Answer, ...]]] = {
    "random_forest": ("probability", "classes"),
    "gradient_boosting": ("probability",),
    "xgboost": ("probability", "classes"),
    "xgboost_regression": ("number",),
    "dollar_profit": ("number",),
    "lstm": ("probability", "number"),
    "attention": ("probability", "number"),
    "ensemble": ("probability", "number"),
    "institutional": ("number",),
}
"""What the label of a kind may be."""

MOVES: Final = frozenset({"forward_return", "dollar_profit"})
"""Labels that a position earns: what dollar profit can be made of."""

WATCHERS: Final = frozenset({"lstm", "attention"})
"""Kinds that always stop early."""

MEMBERS: Final = frozenset(LEARNS) - {"ensemble", "institutional"}
"""Kinds that an ensemble can join."""
