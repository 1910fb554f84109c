"""Trees as packed nodes, and the compiled loop that adds up their leaves: what every tree model serves with.

A node is eight bytes: its threshold as an integer that orders as the float32 does, its feature and its left child in one number (the
brother follows). A leaf leads to itself, so that many walks go down together, level by level, without asking which have arrived: no branch
to mispredict. A few rows go down all trees at once; many rows go down one tree at once, in blocks that stay in the nearest cache. Either
way a row's leaves are added in the order of the trees, in the type of the leaves: one row and a batch agree bit for bit.

    z = float32((x - mean) / scale), and 0 for -0
    right if order(z[feature]) > threshold, else left

A row with a number that is not finite as float32 has no sums: NaN. Measured beside the alternatives by `scripts/bench inference`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tradebot.core.kernels.kernel import threaded_kernel
from tradebot.core.kernels.parts import in_parts

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int32]

_ARRIVED: Final = 2**31 - 1  # the threshold of a leaf: every number is at its left
_FLIP: Final = 0x7FFFFFFF
_NARROW: Final = np.dtype([("way", np.uint32), ("threshold", np.int32)])  # 20 bits of child, 12 of feature
_WIDE: Final = np.dtype([("way", np.uint64), ("threshold", np.int32)])  # 40 and 24
_NARROW_BITS: Final = 20
_WIDE_BITS: Final = 40
_FEW: Final = 8  # rows up to which all trees at once are faster than a block of rows
_BLOCK: Final = 64
_PART_ROWS_MIN: Final = 512  # below, a second thread costs more than it gives


@dataclass(frozen=True, slots=True)
class Walk:
    """What the loop reads. K nodes, T trees, W numbers in a leaf, C columns of sums.

    A tree adds its leaf's numbers to the columns from `column` on, beginning with `start`. Both have the type that sums are made in,
    float32 or float64.
    """

    mean: Float  # (F,)
    scale: Float  # (F,)
    nodes: npt.NDArray[np.void]  # (K,)
    leaves: npt.NDArray[Any]  # (K, W)
    roots: npt.NDArray[np.int64]  # (T,)
    column: npt.NDArray[np.int64]  # (T,)
    start: npt.NDArray[Any]  # (C,)
    depth: int
    bits: int

    def sums(self, rows: Float) -> npt.NDArray[Any]:
        """(N, C) for rows (N, F); NaN for a row that is not finite."""
        assert rows.ndim == 2, f"rows must be (N, F), not {rows.shape}"
        assert rows.shape[1] == len(self.mean), f"{rows.shape[1]} features given, {len(self.mean)} wanted"
        rows = np.ascontiguousarray(rows, np.float64)
        out = np.empty((len(rows), len(self.start)), self.start.dtype)
        in_parts(lambda first, end: self._part(rows[first:end], out[first:end]), len(rows), _PART_ROWS_MIN)
        return out

    def _part(self, rows: Float, out: npt.NDArray[Any]) -> None:
        few = len(rows) <= _FEW
        lanes = 1 if few else _BLOCK
        way: Any = self.nodes.dtype["way"].type
        z = np.empty(lanes * len(self.mean), np.float32)
        at = np.empty(len(self.roots) if few else _BLOCK, way)
        (_row_by_row if few else _block_by_block)(
            rows, self.mean, self.scale, self.nodes, self.leaves, self.roots, self.column, self.start, self.depth,
            way(self.bits), way(2**self.bits - 1), z, z.view(np.int32), at, out,
        )  # fmt: skip


def pack(
    mean: Float,
    scale: Float,
    feature: Int,
    threshold: npt.NDArray[np.int32],
    left: Int,
    leaves: npt.NDArray[Any],
    roots: Int,
    column: Int,
    start: npt.NDArray[Any],
) -> Walk:
    """Nodes (K,) with `left` -1 at a leaf and each right child behind its brother; `threshold` as `at_most` or `below` gives it."""
    leaf = left < 0
    child = np.where(leaf, np.arange(len(left)), left).astype(np.uint64)
    narrow = len(left) <= 2**_NARROW_BITS and len(mean) <= 2 ** (32 - _NARROW_BITS)
    bits = _NARROW_BITS if narrow else _WIDE_BITS
    nodes = np.zeros(len(left), _NARROW if narrow else _WIDE)
    nodes["way"] = (np.where(leaf, 0, feature).astype(np.uint64) << np.uint64(bits)) | child
    nodes["threshold"] = np.where(leaf, _ARRIVED, threshold)
    return Walk(
        np.ascontiguousarray(mean, np.float64), np.ascontiguousarray(scale, np.float64), nodes, np.ascontiguousarray(leaves),
        roots.astype(np.int64), column.astype(np.int64), start, depth(left, roots), bits,
    )  # fmt: skip


def at_most(threshold: Float) -> npt.NDArray[np.int32]:
    """Thresholds of nodes that go left where z <= threshold: the float32 at or below it, as an integer in the same order."""
    with np.errstate(over="ignore"):
        near = threshold.astype(np.float32)
    return _order(np.where(near.astype(np.float64) > threshold, np.nextafter(near, np.float32(-np.inf)), near))


def below(threshold: npt.NDArray[np.float32]) -> npt.NDArray[np.int32]:
    """Thresholds of nodes that go left where z < threshold."""
    return (_order(threshold) - 1).astype(np.int32)


def _order(numbers: npt.NDArray[np.float32]) -> npt.NDArray[np.int32]:
    """Integers that compare as the numbers do; both zeros are 0."""
    bits = (numbers.astype(np.float32) + np.float32(0.0)).view(np.int32)
    return np.where(bits < 0, bits ^ np.int32(_FLIP), bits).astype(np.int32)


def depth(left: Int, roots: Int) -> int:
    """Levels below the roots."""
    level, levels = roots, 0
    while len(inside := level[left[level] >= 0]):
        level, levels = np.concatenate([left[inside], left[inside] + 1]), levels + 1
    return levels


@threaded_kernel
def _standardise(row: Float, mean: Float, scale: Float, z: Any, order: Any, first: int) -> bool:
    """Fill `z` from `first` on, and with it `order`, its own bits as ordered integers; False where a number is not finite."""
    finite = True
    for j in range(len(row)):
        z[first + j] = np.float32((row[j] - mean[j]) / scale[j]) + np.float32(0.0)
        finite = finite and math.isfinite(z[first + j])
    for j in range(first, first + len(row)):
        if order[j] < 0:
            order[j] ^= np.int32(_FLIP)
    return finite


@threaded_kernel
def _row_by_row(
    rows: Float, mean: Float, scale: Float, nodes: Any, leaves: Any, roots: Any, column: Any, start: Any, depth: int,
    bits: Any, mask: Any, z: Any, order: Any, at: Any, out: Any,
) -> None:  # fmt: skip
    """Each row goes down all trees at once."""
    for i in range(len(rows)):
        if not _standardise(rows[i], mean, scale, z, order, 0):
            for c in range(len(start)):
                out[i, c] = np.nan
            continue
        for tree in range(len(roots)):
            at[tree] = roots[tree]
        for _ in range(depth):
            for tree in range(len(roots)):
                way = nodes[at[tree]].way
                at[tree] = (way & mask) + (order[np.uint64(way >> bits)] > nodes[at[tree]].threshold)
        for c in range(len(start)):
            out[i, c] = start[c]
        for tree in range(len(roots)):
            for w in range(leaves.shape[1]):
                out[i, column[tree] + w] += leaves[at[tree], w]


@threaded_kernel
def _block_by_block(
    rows: Float, mean: Float, scale: Float, nodes: Any, leaves: Any, roots: Any, column: Any, start: Any, depth: int,
    bits: Any, mask: Any, z: Any, order: Any, at: Any, out: Any,
) -> None:  # fmt: skip
    """The rows of a block go down one tree at once. One that is not finite walks with them, from NaN on."""
    width = np.uint64(rows.shape[1])
    for first in range(0, len(rows), len(at)):
        count = min(len(at), len(rows) - first)
        for r in range(count):
            finite = _standardise(rows[first + r], mean, scale, z, order, r * rows.shape[1])
            for c in range(len(start)):
                out[first + r, c] = start[c] if finite else np.nan
        for tree in range(len(roots)):
            for r in range(count):
                at[r] = roots[tree]
            for _ in range(depth):
                row = np.uint64(0)  # unsigned: an index that may be negative costs a comparison
                for r in range(count):
                    way = nodes[at[r]].way
                    at[r] = (way & mask) + (order[row + np.uint64(way >> bits)] > nodes[at[r]].threshold)
                    row += width
            to = np.uint64(column[tree])
            for r in range(count):
                for w in range(leaves.shape[1]):
                    out[first + r, to + np.uint64(w)] += leaves[at[r], w]  # NaN stays NaN
