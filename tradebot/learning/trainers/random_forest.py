"""Random forest: the mean of trees grown on bootstrap samples (Breiman 2001), as scikit-learn grows them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tradebot.core.domain.bars import Float
from tradebot.learning.config import TrainingConfig
from tradebot.learning.trainers.flat import flatten
from tradebot.learning.trainers.trainer import Fitted, Rows, sample_weight
from tradebot.serving.artefacts.forest import ForestArtefact
from tradebot.serving.forest import BAGGED, Forest


def fit(train: Rows, watch: Rows, config: TrainingConfig, say: Callable[[str], None]) -> Fitted:
    """StandardScaler and RandomForestClassifier, seeded; the number of jobs doesn't change the trees."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(train.values)
    classifier = RandomForestClassifier(
        config.trees, max_depth=config.depth, min_samples_leaf=config.min_leaf, random_state=config.seed, n_jobs=config.jobs
    ).fit(scaler.transform(train.values), train.target.astype(np.int8), sample_weight(train))

    def reference(some: Float) -> Float:
        return np.asarray(classifier.predict_proba(scaler.transform(some))[:, 1])

    nodes = flatten([e.tree_ for e in classifier.estimators_], column=1)
    forest = Forest(combine=BAGGED, mean=scaler.mean_, scale=scaler.scale_, **nodes)
    return Fitted(ForestArtefact(forest), reference)
