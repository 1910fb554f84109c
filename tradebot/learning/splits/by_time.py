"""The time-ordered split: the past trains, the future tests, and nothing that trained could know the future.

Rows are never shuffled. The test part starts at the session boundary that comes nearest to `test_fraction` (inside the session when there
is only one). A training row is kept only if its label had ended when the first test minute began (purge by label end time, not by row
count) and its session is not among the `embargo_sessions` before the test part. Source: Lopez de Prado, Advances in Financial Machine
Learning, chapter 7; FIELD.md 3.1.

`watch_split` cuts training rows once more in the same way: the last ones are watched (early stopping, calibration), not fitted.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.bars import Bool, Int
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.splits.split import Split


def time_split(minute_ns: Int, end_ns: Int, session_of: Int, test_fraction: float, embargo_sessions: int) -> Split:
    """Split rows by minute (R,), label end (R,) and session (R,). Raises OperatorFault when nothing is left to train on."""
    if not len(minute_ns):
        raise OperatorFault("there is not one row to train on: more sessions are needed (the first ones only warm the features up)")
    sessions, rows = np.unique(session_of, return_counts=True)
    if len(sessions) > 1:
        share_after = 1.0 - np.cumsum(rows)[:-1] / rows.sum()  # share of rows after each boundary
        first_test = 1 + int(np.argmin(np.abs(share_after - test_fraction)))
        test_start_ns = int(minute_ns[session_of == sessions[first_test]].min())
    else:
        first_test = 0
        test_start_ns = int(np.quantile(minute_ns, 1.0 - test_fraction, method="nearest"))
    test: npt.NDArray[np.bool_] = minute_ns >= test_start_ns
    rank = np.searchsorted(sessions, session_of)
    train = (minute_ns < test_start_ns) & (end_ns <= test_start_ns)
    if embargo_sessions:
        train &= rank < first_test - embargo_sessions
    if not train.any():
        raise OperatorFault(
            f"{len(sessions)} sessions are too few to train and test {embargo_sessions} sessions apart: "
            "more data or a smaller embargo_sessions is needed"
        )
    return Split(train, test, test_start_ns)


def watch_split(minute_ns: Int, end_ns: Int, session_of: Int, watch_fraction: float, embargo_sessions: int = 0) -> tuple[Bool, Bool]:
    """(fit, watch) masks over training rows (R,); every label of `fit` had ended when `watch` begins. Nothing is watched at fraction 0.

    Raises OperatorFault when nothing is left to fit.
    """
    if watch_fraction == 0.0:
        return np.ones(len(minute_ns), np.bool_), np.zeros(len(minute_ns), np.bool_)
    split = time_split(minute_ns, end_ns, session_of, watch_fraction, embargo_sessions)
    return split.train, split.test
