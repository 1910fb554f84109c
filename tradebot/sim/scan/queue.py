"""A minute's candidates as a heap: the most convinced first, universe order among equals, as `pipeline._by_conviction` sorts them."""

from __future__ import annotations

from tradebot.core.kernels.kernel import kernel
from tradebot.sim.scan.layout import Float, Int


@kernel
def _before(conviction: Float, a: int, b: int) -> bool:
    return bool(conviction[a] > conviction[b] or (conviction[a] == conviction[b] and a < b))


@kernel
def _sift(queue: Int, place: int, count: int, conviction: Float) -> None:
    while True:
        child = 2 * place + 1
        if child >= count:
            return
        if child + 1 < count and _before(conviction, queue[child + 1], queue[child]):
            child += 1
        if not _before(conviction, queue[child], queue[place]):
            return
        queue[place], queue[child] = queue[child], queue[place]
        place = child


@kernel
def heapify(queue: Int, count: int, conviction: Float) -> None:
    """Order the first `count` of `queue` (N,), indices into `conviction` (N,), as a heap."""
    for place in range(count // 2 - 1, -1, -1):
        _sift(queue, place, count, conviction)


@kernel
def pop_first(queue: Int, count: int, conviction: Float) -> int:
    """Take the first off a heap of `count`; one place at the end of it falls free."""
    first = int(queue[0])
    queue[0] = queue[count - 1]
    _sift(queue, 0, count - 1, conviction)
    return first
