"""Random forest: the mean of trees grown on bootstrap samples (Breiman 2001), as scikit-learn grows them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tradebot.core.domain.bars import Float
from tradebot.learning.config import TrainingConfig
from tradebot.learning.trainers.flat import flatten, flatten_classes
from tradebot.learning.trainers.trainer import Fitted, Rows, sample_weight
from tradebot.serving.artefacts.forest import ForestArtefact
from tradebot.serving.forest import BAGGED, Forest


def fit(train: Rows, watch: Rows, config: TrainingConfig, say: Callable[[str], None]) -> Fitted:
    """StandardScaler and RandomForestClassifier, seeded; the number of jobs doesn't change the trees.

    A class that no row has gets probability 0.
    """
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(train.values)
    classifier = RandomForestClassifier(
        config.trees, max_depth=config.depth, min_samples_leaf=config.min_leaf, random_state=config.seed, n_jobs=config.jobs
    ).fit(scaler.transform(train.values), train.target.astype(np.int8), sample_weight(train))

    trees, places = [e.tree_ for e in classifier.estimators_], [int(c) for c in classifier.classes_]
    if train.classes:
        nodes, outputs = flatten_classes(trees, places, train.classes), train.classes
    else:
        nodes, outputs = flatten(trees, column=1), 1

    def reference(some: Float) -> Float:
        shares = np.zeros((len(some), max(train.classes, 2)))
        shares[:, places] = classifier.predict_proba(scaler.transform(some))
        return shares if train.classes else shares[:, 1]

    forest = Forest(combine=BAGGED, mean=scaler.mean_, scale=scaler.scale_, outputs=outputs, **nodes)
    return Fitted(ForestArtefact(forest), reference)
