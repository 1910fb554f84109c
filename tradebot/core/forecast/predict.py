"""One model over one minute: confidences for the rows that are valid."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tradebot.core.forecast.model import Model


def confidences(
    model: Model, features: npt.NDArray[np.float64], columns: npt.NDArray[np.int64], valid: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """(N,) probabilities from `features` (N, F_all) and the model's `columns` (F,); NaN where `valid` (N,) is False.

    A forecast that is not a finite probability is NaN too: it can't open risk.
    """
    out = np.full(len(valid), np.nan)
    if valid.any():
        answers = model.predict(np.ascontiguousarray(features[:, columns][valid]))
        out[valid] = np.where((answers >= 0.0) & (answers <= 1.0), answers, np.nan)
    return out
