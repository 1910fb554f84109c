"""Purged k-fold: every row is tested once, by a model that trained on rows before and after it which know nothing of it."""

from __future__ import annotations

from tradebot.core.domain.bars import Int
from tradebot.learning.splits.blocks import consecutive_blocks, split_on
from tradebot.learning.splits.split import Split


def purged_k_fold(minute_ns: Int, end_ns: Int, session_of: Int, folds: int, embargo_sessions: int) -> tuple[Split, ...]:
    """Splits in order of the tested block, from the rows' minutes, label ends and sessions (R,); see blocks.py.

    Raises OperatorFault for fewer minutes than folds and for a fold without a row to train on.
    """
    block_of = consecutive_blocks(minute_ns, session_of, folds)
    return tuple(split_on((fold,), block_of, minute_ns, end_ns, session_of, embargo_sessions) for fold in range(folds))
