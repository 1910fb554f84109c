"""Splits: rows and sessions that train, and later or other ones that test, without a word between them. One kind of split a file."""

from __future__ import annotations

from tradebot.learning.splits.by_time import time_split, watch_split
from tradebot.learning.splits.combinatorial import Combinatorial, combinatorial_purged
from tradebot.learning.splits.k_fold import purged_k_fold
from tradebot.learning.splits.split import Split
from tradebot.learning.splits.walk_forward import Fold, WalkForwardConfig, walk_forward_folds

__all__ = [
    "Combinatorial",
    "Fold",
    "Split",
    "WalkForwardConfig",
    "combinatorial_purged",
    "purged_k_fold",
    "time_split",
    "walk_forward_folds",
    "watch_split",
]
