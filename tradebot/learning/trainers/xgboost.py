"""XGBoost (Chen and Guestrin 2016) with histograms: classification, regression, and dollar profit by its own objective.

A leaf holds at least `min_leaf` rows' worth of curvature. With `early_stopping_rounds` the trees after the best round on `watch` are cut
off. The seed fixes the trees; the number of threads doesn't change them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from tradebot.core.domain.bars import Float
from tradebot.learning.config import TrainingConfig
from tradebot.learning.trainers import dollar_profit
from tradebot.learning.trainers.device import xgboost_device
from tradebot.learning.trainers.trainer import Fitted, Rows, sample_weight
from tradebot.serving.artefacts.xgboost import XgboostArtefact
from tradebot.serving.boosted import Link

_TOLERANCE: Final = 1e-6
_SAID_EVERY: Final = 100  # rounds between lines of progress
Say = Callable[[str], None]
Objective = Callable[[Float, Any], tuple[Float, Float]]
Metric = Callable[[Float, Any], tuple[str, float]]


def fit(train: Rows, watch: Rows, config: TrainingConfig, say: Say) -> Fitted:
    """A classifier of yes and no, or of the label's classes."""
    if train.classes:
        share = np.bincount(train.target.astype(np.int64), minlength=train.classes) / len(train)
        spread = 2.0 * float(share @ (1.0 - share)) / train.classes  # mean curvature of a row, as XGBoost counts it
        chosen = {"objective": "multi:softprob", "num_class": train.classes, "eval_metric": "mlogloss", "min_child_weight": spread}
        booster = _boost(train, watch, config, say, chosen)
        return _fitted(booster, "softmax", booster.inplace_predict)
    rate = float(train.target.mean())
    chosen = {"objective": "binary:logistic", "eval_metric": "logloss", "min_child_weight": rate * (1.0 - rate)}
    booster = _boost(train, watch, config, say, chosen)
    return _fitted(booster, "logistic", booster.inplace_predict)


def fit_regression(train: Rows, watch: Rows, config: TrainingConfig, say: Say) -> Fitted:
    """Least squares. Serves tanh(forecast / standard deviation of the training target)."""
    unit = float(train.target.std())
    chosen = {"objective": "reg:squarederror", "eval_metric": "rmse", "base_score": float(train.target.mean()) / unit}
    booster = _boost(_in_units(train, unit), _in_units(watch, unit), config, say, chosen)
    return _fitted(booster, "tanh", lambda rows: np.tanh(booster.inplace_predict(rows).astype(np.float64)), unit)


def fit_dollar_profit(train: Rows, watch: Rows, config: TrainingConfig, say: Say) -> Fitted:
    """Positions that earn the most after cost (`trainers.dollar_profit`). Serves tanh(score)."""
    assert train.cost is not None and watch.cost is not None, "the dollar-profit objective needs each row's cost"
    unit = float(train.target.std())
    costs, watched_costs = train.cost / unit, watch.cost / unit
    at_zero = dollar_profit.curvature_bound(np.zeros(len(train)), train.target / unit, costs)
    chosen = {"base_score": 0.0, "disable_default_eval_metric": True, "min_child_weight": float(at_zero.mean())}

    def objective(score: Float, rows: Any) -> tuple[Float, Float]:
        scores, moves = score.astype(np.float64), rows.get_label().astype(np.float64)
        slope, bound = dollar_profit.gradient(scores, moves, costs), dollar_profit.curvature_bound(scores, moves, costs)
        return slope * train.weight, bound * train.weight

    def metric(score: Float, rows: Any) -> tuple[str, float]:
        earned = dollar_profit.reward(score.astype(np.float64), rows.get_label().astype(np.float64), watched_costs)
        return "loss", -float(np.average(earned, weights=watch.weight))

    booster = _boost(_in_units(train, unit), _in_units(watch, unit), config, say, chosen, objective, metric)
    return _fitted(booster, "tanh", lambda rows: np.tanh(booster.inplace_predict(rows, predict_type="margin").astype(np.float64)), unit)


def _boost(
    train: Rows,
    watch: Rows,
    config: TrainingConfig,
    say: Say,
    chosen: dict[str, Any],
    objective: Objective | None = None,
    metric: Metric | None = None,
) -> Any:
    """The booster, cut at its best round where it stopped early. `min_child_weight` is given for one row."""
    import xgboost

    device = xgboost_device(config.device)
    parameters = {
        "tree_method": "hist",
        "device": device,
        "max_depth": config.depth,
        "learning_rate": config.learning_rate,
        "seed": config.seed,
        "nthread": config.jobs,
        "verbosity": 0,
        **chosen,
        "min_child_weight": config.min_leaf * chosen.get("min_child_weight", 1.0),
    }
    stops = config.early_stopping_rounds > 0 and len(watch) > 0
    matrix = xgboost.QuantileDMatrix(train.values, train.target, weight=sample_weight(train), nthread=config.jobs)
    watched = (
        xgboost.QuantileDMatrix(watch.values, watch.target, weight=sample_weight(watch), nthread=config.jobs, ref=matrix) if stops else None
    )
    booster = xgboost.train(
        parameters,
        matrix,
        config.trees,
        evals=[(watched, "watch")] if stops else [],
        obj=objective,
        custom_metric=metric,
        early_stopping_rounds=config.early_stopping_rounds if stops else None,
        callbacks=[_progress(config.trees, say)],
        verbose_eval=False,
    )
    stopped = f", best of them {booster.best_iteration + 1}" if stops else ""
    say(f"XGBoost: {booster.num_boosted_rounds()} rounds on {device}{stopped}")
    return booster[: booster.best_iteration + 1] if stops else booster


def _fitted(booster: Any, link: Link, reference: Callable[[Float], Float], unit: float = 1.0) -> Fitted:
    artefact = XgboostArtefact.of(bytes(booster.save_raw("ubj")), link, unit)
    booster.set_param({"device": "cpu"})

    def answer(rows: Float) -> Float:
        return np.asarray(reference(np.ascontiguousarray(rows)), np.float64)

    return Fitted(artefact, answer, _TOLERANCE, artefact.numbers() if link == "tanh" else None)


def _in_units(rows: Rows, unit: float) -> Rows:
    return Rows(rows.values, rows.target / unit, rows.weight, rows.minute_ns, rows.session_of, rows.symbol_of, rows.end_ns, rows.cost)


def _progress(rounds: int, say: Say) -> Any:
    import xgboost

    class Progress(xgboost.callback.TrainingCallback):
        """A line each hundred rounds."""

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            if (epoch + 1) % _SAID_EVERY == 0 and epoch + 1 < rounds:
                seen = "".join(f", {name} {values[-1]:.5g}" for name, values in evals_log.get("watch", {}).items())
                say(f"XGBoost: round {epoch + 1} of {rounds}{seen}")
            return False

    return Progress()
