"""Regimes found in the data (002, Institutional): clusters of standardised regime columns, and the forecast of the next hour's regime.

    z = (x - mean) / scale; the label is that of the centroid with the smallest squared distance, the first among equals

The clusters were found on the training span only and are named by their centroid: calm or volatile, ranging or trending. The forecast is a
forest's (serving.regime_store); core knows only its shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from tradebot.core.regime.detector import UNKNOWN, Labels

Float = npt.NDArray[np.float64]

LEARNED_LABELS: Final = ("calm_ranging", "calm_trending", "volatile_ranging", "volatile_trending")


@dataclass(frozen=True, slots=True)
class Clusters:
    """C centroids over F columns. Raises ValueError when the arrays are no clusters."""

    inputs: tuple[str, ...]
    mean: Float  # (F,)
    scale: Float  # (F,)
    centroids: Float  # (C, F), standardised
    label: Labels  # (C,) index into LEARNED_LABELS

    def __post_init__(self) -> None:
        count = len(self.inputs)
        if not count or self.mean.shape != (count,) or self.scale.shape != (count,) or self.centroids.shape[1:] != (count,):
            raise ValueError("clusters whose arrays differ in length")
        if self.label.shape != (len(self.centroids),) or not len(self.label):
            raise ValueError("clusters without a label each")
        if ((self.label < 0) | (self.label >= len(LEARNED_LABELS))).any():
            raise ValueError("a cluster's label is none of ours")
        if not all(np.isfinite(a).all() for a in (self.mean, self.scale, self.centroids)) or not (self.scale > 0.0).all():
            raise ValueError("a number of the clusters is not possible there")


class RegimeForecast(Protocol):
    """Probability of each of LEARNED_LABELS for the next hour: rows (N, F) -> (N, 4); NaN for a row that is not finite."""

    @property
    def features(self) -> tuple[str, ...]: ...

    def predict(self, rows: Float, /) -> Float: ...


def distances(clusters: Clusters, rows: Float) -> Float:
    """Squared distance of rows (..., F) to each centroid (..., C), in standard deviations; not finite where the row is not."""
    out = np.zeros((*rows.shape[:-1], len(clusters.centroids)))
    with np.errstate(all="ignore"):
        for f in range(rows.shape[-1]):  # summed column by column: the same bits for one row and for a history
            z = (rows[..., f] - clusters.mean[f]) / clusters.scale[f]
            away = z[..., None] - clusters.centroids[:, f]
            out += away * away
    return out


def cluster_labels(clusters: Clusters, rows: Float) -> Labels:
    """Labels (...) of rows (..., F), in the order of `clusters.inputs`; UNKNOWN for a row that is not finite."""
    away = distances(clusters, rows)
    known = np.asarray(np.isfinite(away).all(axis=-1), np.bool_)
    nearest = np.argmin(np.where(known[..., None], away, 0.0), axis=-1)
    return np.where(known, clusters.label[nearest], UNKNOWN).astype(np.int8)
