"""Gradient boosting: trees fitted one after the other to the gradient of the log loss (Friedman 2001), as scikit-learn fits them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tradebot.core.domain.bars import Float
from tradebot.learning.config import TrainingConfig
from tradebot.learning.trainers.flat import flatten
from tradebot.learning.trainers.trainer import Fitted, Rows, sample_weight
from tradebot.serving.artefacts.forest import ForestArtefact
from tradebot.serving.forest import BOOSTED, Forest


def fit(train: Rows, watch: Rows, config: TrainingConfig, say: Callable[[str], None]) -> Fitted:
    """StandardScaler and GradientBoostingClassifier, seeded. It starts from the log odds of the training labels."""
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(train.values)
    classifier = GradientBoostingClassifier(
        n_estimators=config.trees,
        learning_rate=config.learning_rate,
        max_depth=config.depth,
        min_samples_leaf=config.min_leaf,
        random_state=config.seed,
    ).fit(scaler.transform(train.values), train.target.astype(np.int8), sample_weight(train))

    def reference(some: Float) -> Float:
        return np.asarray(classifier.predict_proba(scaler.transform(some))[:, 1])

    prior = float(classifier.init_.class_prior_[1])
    trees = [stage[0].tree_ for stage in classifier.estimators_]
    forest = Forest(
        combine=BOOSTED,
        mean=scaler.mean_,
        scale=scaler.scale_,
        **flatten(trees, column=0),
        init=float(np.log(prior / (1.0 - prior))),
        rate=config.learning_rate,
    )
    return Fitted(ForestArtefact(forest), reference)
