"""The same minutes by another way: one step each, without the future, and from a snapshot. All must be equal bit for bit."""

from __future__ import annotations

from typing import Final

import numpy as np

from tradebot.core.domain.bars import Float, Int, MarketGrid
from tradebot.core.domain.tape import minute_of
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.features.catalogue import FEATURE_COUNT, scan_sessions, step_minute
from tradebot.core.features.rows import minute_rows
from tradebot.core.state import State, state_from_bytes, state_to_bytes
from tradebot.learning.grids import minutes_of
from tradebot.learning.proofs.difference import Difference, Scanned, first_bits, first_memory

SCAN_STEPS: Final = "scan == steps"
PREFIX: Final = "prefix == prefix"
RESTORED: Final = "restored == whole"


def scan(grid: MarketGrid, memory: Float) -> tuple[Float, Int]:
    """Values (T, N, F) and bars seen (T, N) of a grid; `memory` (N, S) is moved on."""
    parts = [(values, seen) for _, values, seen in scan_sessions(grid, memory)]
    if not parts:
        return np.empty((0, len(grid.symbols), FEATURE_COUNT)), np.empty((0, len(grid.symbols)), np.int64)
    return np.concatenate([values for values, _ in parts]), np.concatenate([seen for _, seen in parts])


def scanned(grid: MarketGrid, memory: Float) -> Scanned:
    """One session with the memories on both sides of it; `memory` (N, S) is moved on."""
    before = memory.copy()
    values, seen = scan(grid, memory)
    return Scanned(grid, before, memory.copy(), values, seen)


def steps(grid: MarketGrid, memory: Float) -> tuple[Float, Int]:
    """What live computes: each minute as the event that the engine gets, one step each; `memory` (N, S) is moved on."""
    out = np.empty((*grid.present.shape, FEATURE_COUNT))
    seen = np.zeros(grid.present.shape, np.int64)
    for t in range(len(grid.minute_ns)):
        session = grid.sessions[int(grid.session_of[t])]
        step_minute(
            memory, minute_rows(minute_of(grid, t, int(grid.minute_ns[t]) + NS_PER_MINUTE), session), grid.present[t], out[t], seen[t]
        )
    return out, seen


def scan_equals_steps(session: Scanned) -> Difference | None:
    """Values and the memory that is left."""
    memory = session.before.copy()
    values, _ = steps(session.grid, memory)
    return first_bits(SCAN_STEPS, session.grid, session.values, values) or first_memory(SCAN_STEPS, session.grid, session.after, memory)


def prefix_equals_prefix(session: Scanned, t: int) -> Difference | None:
    """The first `t` minutes without those that follow."""
    values, _ = scan(minutes_of(session.grid, 0, t), session.before.copy())
    return first_bits(PREFIX, session.grid, session.values[:t], values)


def restored_goes_on(session: Scanned, t: int) -> Difference | None:
    """The minutes from `t` on, from a memory that became bytes before `t` and was read back, as after a crash."""
    grid, memory = session.grid, session.before.copy()
    values, seen = scan(minutes_of(grid, 0, t), memory)
    last = (values[-1], seen[-1]) if t else (np.full((len(grid.symbols), FEATURE_COUNT), np.nan), np.zeros(len(grid.symbols), np.int64))
    state = State(symbols=grid.symbols, memory=memory, features=last[0], seen=last[1], marks=np.zeros(len(grid.symbols), np.int64))
    restored = np.array(state_from_bytes(state_to_bytes(state)).memory)
    rest = minutes_of(grid, t, len(grid.minute_ns))
    values, _ = scan(rest, restored)
    return first_bits(RESTORED, rest, session.values[t:], values) or first_memory(RESTORED, rest, session.after, restored)
