"""One model over one minute: confidences for the rows that are valid."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tradebot.core.forecast.model import Model


def confidences(
    model: Model, features: npt.NDArray[np.float64], columns: npt.NDArray[np.int64], valid: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """(N,) answers of one number from `features` (N, F_all) and the model's `columns` (F,); NaN where `valid` (N,) is False.

    A forecast that is not a finite probability, or position in [-1, 1], is NaN too: it can't open risk.
    """
    assert model.answer != "classes", f"{model.model_id} answers with classes, not with one number"
    lowest = 0.0 if model.answer == "probability" else -1.0
    out = np.full(len(valid), np.nan)
    if valid.any():
        answers = model.predict(np.ascontiguousarray(features[:, columns][valid]))
        out[valid] = np.where((answers >= lowest) & (answers <= 1.0), answers, np.nan)
    return out
