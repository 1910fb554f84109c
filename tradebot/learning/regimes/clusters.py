"""Clusters of the training span's regime columns (k-means on standardised columns), named by where their centroids lie.

    volatile   the centroid's volatility columns are above the training mean (mean of their z-scores > 0), else calm
    trending   the same of its trend columns, else ranging

Source: Lloyd (1982), k-means++ starts; SYSTEMS.md section 3 ("unsupervised clusters + supervised").
"""

from __future__ import annotations

import numpy as np

from tradebot.core.domain.bars import Float
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.regime.detector import Labels
from tradebot.core.regime.learned import LEARNED_LABELS, Clusters
from tradebot.learning.regimes.config import RegimesConfig


def fit_clusters(rows: Float, config: RegimesConfig) -> Clusters:
    """Fit to training rows (R, F) in the order of `config.cluster_inputs`. Raises OperatorFault for too few rows and a constant column."""
    from sklearn.cluster import KMeans
    from sklearn.preprocessing import StandardScaler

    if len(rows) < config.rows_min:
        raise OperatorFault(f"{len(rows)} rows are too few to find regimes in: {config.rows_min} are needed (rows_min)")
    for f, name in enumerate(config.cluster_inputs):
        if rows[:, f].min() == rows[:, f].max():
            raise OperatorFault(f"feature {name} is constant over {len(rows)} training rows: there are no regimes to be found in it")
    scaler = StandardScaler().fit(rows)
    found = KMeans(config.clusters, n_init=5, random_state=config.seed).fit(scaler.transform(rows))
    return Clusters(
        config.cluster_inputs, scaler.mean_, scaler.scale_, found.cluster_centers_, name_clusters(found.cluster_centers_, config)
    )


def name_clusters(centroids: Float, config: RegimesConfig) -> Labels:
    """Labels (C,) of standardised centroids (C, F). Several clusters may bear one name."""
    at = {name: i for i, name in enumerate(config.cluster_inputs)}
    volatile = centroids[:, [at[n] for n in config.volatility_inputs]].mean(axis=1) > 0.0
    trending = centroids[:, [at[n] for n in config.trend_inputs]].mean(axis=1) > 0.0
    names = np.array([["calm_ranging", "calm_trending"], ["volatile_ranging", "volatile_trending"]])
    return np.array([LEARNED_LABELS.index(names[int(v), int(t)]) for v, t in zip(volatile, trending, strict=True)], np.int8)
