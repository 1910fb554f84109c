"""The meta-selector's forest: scikit-learn's random forest on standardised rows, over all classes whether they occurred or not."""

from __future__ import annotations

import numpy as np

from tradebot.core.domain.bars import Float, Int
from tradebot.learning.selector.config import SelectorConfig
from tradebot.learning.trainers.flat import flatten_classes
from tradebot.learning.trainers.trainer import Reference
from tradebot.serving.forest import BAGGED, Forest


def fit(rows: Float, label: Int, classes: int, config: SelectorConfig) -> tuple[Forest, Reference]:
    """StandardScaler and RandomForestClassifier, seeded. A class that no row has gets probability 0."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(rows)
    classifier = RandomForestClassifier(
        config.trees, max_depth=config.depth, min_samples_leaf=config.min_leaf, random_state=config.seed, n_jobs=config.jobs
    ).fit(scaler.transform(rows), label)
    places = [int(c) for c in classifier.classes_]

    def reference(some: Float) -> Float:
        out = np.zeros((len(some), classes))
        out[:, places] = classifier.predict_proba(scaler.transform(some))
        return out

    nodes = flatten_classes([e.tree_ for e in classifier.estimators_], places, classes)
    return Forest(combine=BAGGED, mean=scaler.mean_, scale=scaler.scale_, outputs=classes, **nodes), reference
