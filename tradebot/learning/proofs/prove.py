"""What must be true of the features on any bars, proven session by session: memory doesn't grow with the history.

- scan == steps: the scan of a history equals one step a minute, as live takes it, bit for bit; so does the memory that is left.
- prefix == prefix: minutes that have not come yet change nothing.
- restored == whole: a memory that went through the engine's snapshot goes on bit for bit.
- two starts: a memory that begins later agrees to float32 once each column's declared warm-up is over.
- in range: NaN without a bar, in the warm-up and where an optional input is absent; else finite and within the declared range.

The first difference ends the proof and is named. Ranges and two starts are looked at in every session, the three replays in the
sessions that the caller chooses: a step a minute costs a Python call.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from tradebot.core.domain.bars import MarketGrid
from tradebot.core.features.catalogue import new_state
from tradebot.learning.grids import sessions_of
from tradebot.learning.proofs.difference import Difference, Scanned
from tradebot.learning.proofs.ranges import IN_RANGE, Ranges
from tradebot.learning.proofs.replay import (
    PREFIX,
    RESTORED,
    SCAN_STEPS,
    prefix_equals_prefix,
    restored_goes_on,
    scan_equals_steps,
    scanned,
)
from tradebot.learning.proofs.starts import TWO_STARTS, TwoStarts


@dataclass(slots=True)
class Proof:
    """`compared` counts the values that each check looked at. `cut_ns` are the minutes at which data was cut and memory restored."""

    sessions: int = 0
    bars: int = 0
    replayed: list[dt.date] = field(default_factory=list)
    cut_ns: list[int] = field(default_factory=list)
    compared: dict[str, int] = field(default_factory=lambda: dict.fromkeys((SCAN_STEPS, PREFIX, RESTORED, TWO_STARTS, IN_RANGE), 0))
    absent: tuple[str, ...] = ()
    difference: Difference | None = None


def prove(
    grids: Iterable[MarketGrid],
    *,
    replay: Collection[dt.date] | None = None,
    seed: int = 7,
    progress: Callable[[int], None] = lambda sessions: None,
) -> Proof:
    """Prove all of the above on grids of the same symbols, oldest first; `replay` None replays every session."""
    proof, rng = Proof(), np.random.default_rng(seed)
    memory, ranges, starts = new_state(0), Ranges(0), TwoStarts(0)
    for grid in (session for whole in grids for session in sessions_of(whole)):
        if not proof.sessions:
            symbols = len(grid.symbols)
            memory, ranges, starts = new_state(symbols), Ranges(symbols), TwoStarts(symbols)
        session = scanned(grid, memory)
        proof.sessions += 1
        proof.bars += int(grid.present.sum())
        proof.difference = ranges.first_fault(session)
        if proof.difference is None and (replay is None or grid.sessions[0].date in replay):
            proof.difference = _replay(session, int(rng.integers(0, len(grid.minute_ns))), proof)
        if proof.difference is None:
            proof.difference = starts.first_fault(session)
        proof.compared |= {TWO_STARTS: starts.compared, IN_RANGE: ranges.compared}
        proof.absent = ranges.absent()
        progress(proof.sessions)
        if proof.difference is not None:
            break
    return proof


def choose_sessions(dates: Sequence[dt.date], count: int, seed: int = 7) -> tuple[dt.date, ...]:
    """`count` of the sessions: the first, the last, and seeded random ones between."""
    if count >= len(dates):
        return tuple(dates)
    between = np.random.default_rng(seed).choice(np.arange(1, len(dates) - 1), max(0, count - 2), replace=False)
    chosen = {0, len(dates) - 1, *between.tolist()} if count > 1 else {0} if count == 1 else set()
    return tuple(dates[i] for i in sorted(chosen))


def _replay(session: Scanned, cut: int, proof: Proof) -> Difference | None:
    """The three replays of one session; data is cut and memory restored before minute `cut`."""
    proof.replayed.append(session.grid.sessions[0].date)
    proof.cut_ns.append(int(session.grid.minute_ns[cut]))
    proof.compared[SCAN_STEPS] += session.values.size
    proof.compared[PREFIX] += session.values[:cut].size
    proof.compared[RESTORED] += session.values[cut:].size
    return scan_equals_steps(session) or prefix_equals_prefix(session, cut) or restored_goes_on(session, cut)
