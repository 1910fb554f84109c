"""The trainers that fit one model, by the kind that a profile names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tradebot.learning.trainers import gradient_boosting, network, random_forest, xgboost
from tradebot.learning.trainers.trainer import Trainer

SINGLE: Final[Mapping[str, Trainer]] = {
    "random_forest": random_forest.fit,
    "gradient_boosting": gradient_boosting.fit,
    "xgboost": xgboost.fit,
    "xgboost_regression": xgboost.fit_regression,
    "dollar_profit": xgboost.fit_dollar_profit,
    "lstm": network.fit_lstm,
    "attention": network.fit_attention,
}
LEARNS: Final[Mapping[str, tuple[str, ...]]] = {
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
"""What a kind's label may be (`Dataset.answer`)."""
MOVES: Final = frozenset({"forward_return", "dollar_profit"})
"""Labels that a position earns: what dollar profit can be made of."""
WATCHERS: Final = frozenset({"lstm", "attention"})
"""Kinds that always stop early."""
