"""Blocks of consecutive rows, about equally many in each, and what a test on some of them leaves to train on.

A boundary lies between two sessions, or between two minutes where there are fewer sessions than blocks: rows of one minute stay together.
A row is left to train on if its label's interval [minute, end) overlaps that of no test row, on either side of a test block, and its
session is neither one of the block's nor among the `embargo_sessions` before or after it (0: purged only). Lopez de Prado embargoes after
the test only (Advances in Financial Machine Learning, 7.4); before it the embargo keeps training apart from the test as `time_split` does.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tradebot.core.domain.bars import Bool, Int
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.splits.split import Split


def consecutive_blocks(minute_ns: Int, session_of: Int, blocks: int) -> Int:
    """(R,) the block of each row, 0..blocks-1, each with a row. Raises OperatorFault for fewer minutes than blocks."""
    assert blocks >= 2, "one block is no split"
    for units in (session_of, minute_ns):
        values, rows = np.unique(units, return_counts=True)
        if len(values) >= blocks:
            break
    else:
        raise OperatorFault(f"rows of {len(values)} minutes can't be cut into {blocks} blocks: more data is needed")
    after = np.cumsum(rows)
    starts = [0]
    for block in range(1, blocks):
        nearest = 1 + int(np.argmin(np.abs(after - block * after[-1] / blocks)))
        starts.append(min(max(nearest, starts[-1] + 1), len(values) - (blocks - block)))
    return (np.searchsorted(values[starts], units, side="right") - 1).astype(np.int64)


def split_on(tested: Iterable[int], block_of: Int, minute_ns: Int, end_ns: Int, session_of: Int, embargo_sessions: int) -> Split:
    """Test the rows of some blocks and train on what is left. Raises OperatorFault when nothing is."""
    train: Bool = np.ones(len(minute_ns), np.bool_)
    test: Bool = np.zeros(len(minute_ns), np.bool_)
    rank = np.unique(session_of, return_inverse=True)[1]
    for block in tested:
        here = block_of == block
        test |= here
        train &= (end_ns <= minute_ns[here].min()) | (minute_ns >= end_ns[here].max())
        if embargo_sessions:
            train &= (rank < rank[here].min() - embargo_sessions) | (rank > rank[here].max() + embargo_sessions)
    train &= ~test
    if not train.any():
        raise OperatorFault(
            f"a fold has no row to train on: {int(rank.max()) + 1} sessions are too few for these folds and an embargo of "
            f"{embargo_sessions} sessions"
        )
    return Split(train, test, int(minute_ns[test].min()))
