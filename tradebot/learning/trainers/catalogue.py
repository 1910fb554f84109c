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
