"""Combinatorial purged cross-validation: N blocks, each choice of k of them tested once, joined into many whole histories.

    splits  C(N, k)        paths  C(N - 1, k - 1): block b of path p is tested by the p-th split that tests b

Each path covers every row once with predictions of models that had not seen it: a distribution of results, of which the 5th percentile is
reported and not the mean (FIELD.md 3.1; N = 10, k = 2 give 45 splits and 9 paths). Source: Lopez de Prado, Advances in Financial Machine
Learning, 12.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from tradebot.core.domain.bars import Float, Int
from tradebot.learning.splits.blocks import consecutive_blocks, split_on
from tradebot.learning.splits.split import Split


@dataclass(frozen=True, slots=True)
class Combinatorial:
    """All splits of N blocks, and the split that tests block b on path p."""

    splits: tuple[Split, ...]  # in the order of itertools.combinations
    block_of: Int  # (R,)
    paths: Int  # (P, N) index into `splits`

    def along_paths(self, answers: Sequence[Float]) -> Float:
        """(P, R) from one array of answers for each split, over its test rows in their order."""
        assert len(answers) == len(self.splits), "one array for each split"
        whole = np.full((len(self.splits), len(self.block_of)), np.nan)
        for row, split, answer in zip(whole, self.splits, answers, strict=True):
            row[split.test] = answer
        return whole[self.paths[:, self.block_of], np.arange(len(self.block_of))]


def combinatorial_purged(
    minute_ns: Int, end_ns: Int, session_of: Int, blocks: int = 10, tested: int = 2, embargo_sessions: int = 1
) -> Combinatorial:
    """Splits of rows by their minutes, label ends and sessions (R,); purge and embargo as in blocks.py.

    Raises OperatorFault for fewer minutes than blocks and for a split without a row to train on.
    """
    assert 1 <= tested < blocks, "some blocks are tested and some are not"
    block_of = consecutive_blocks(minute_ns, session_of, blocks)
    choices = tuple(combinations(range(blocks), tested))
    splits = tuple(split_on(choice, block_of, minute_ns, end_ns, session_of, embargo_sessions) for choice in choices)
    paths = np.array([[i for i, choice in enumerate(choices) if block in choice] for block in range(blocks)], np.int64).T
    return Combinatorial(splits, block_of, paths)
