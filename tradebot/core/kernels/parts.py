"""One compiled loop over many symbols, shared among threads.

The loop releases the interpreter's lock (`nogil`), so plain threads do; numba's own `parallel=True` would compile all that the loop calls
a second time. Each part writes its own rows: the result doesn't depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import Final

import numba

PARTS: Final = int(numba.get_num_threads())  # one for each core that this process may use; NUMBA_NUM_THREADS sets another


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(PARTS, thread_name_prefix="kernel")


def in_parts(work: Callable[[int, int], None], count: int, part_min: int) -> None:
    """Call `work(first, end)` so that the ranges cover 0..count, in several threads when each gets at least `part_min`."""
    parts = min(PARTS, count // part_min)
    if parts < 2:
        work(0, count)
        return
    edges = [count * i // parts for i in range(parts + 1)]
    for done in [_pool().submit(work, first, end) for first, end in pairwise(edges)]:
        done.result()
