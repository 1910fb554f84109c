"""What each strategy earned, session by session, and what the combination of them gives each (core/portfolio/combination.py).

At a session's first minute the session before it is booked: the change of each strategy's net total, as a mean over symbols. Then
the shares are worked out once, for the whole session.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tradebot.core.portfolio.combination import shares_among
from tradebot.core.portfolio.memory import SESSIONS_KEPT, SizingState
from tradebot.core.selection.performance import TOTAL

Float = npt.NDArray[np.float64]


def allocate(memory: SizingState, ledger: Float, open_ns: int) -> None:
    """Before a minute of the session that opens at `open_ns` is added to the ledger (N, K, W). Changes `memory`."""
    totals = ledger[..., TOTAL]
    if memory.totals.shape != totals.shape or memory.sessions.shape[1:] != totals.shape[1:]:
        memory.totals, memory.sessions = totals.copy(), np.zeros((0, totals.shape[1]))
        memory.strategy_shares, memory.session_ns = np.ones(totals.shape[1]), open_ns
    if memory.session_ns == open_ns:
        return
    earned = (totals - memory.totals).sum(axis=0) / max(len(totals), 1)
    memory.sessions = np.concatenate([memory.sessions, earned[None]])[-SESSIONS_KEPT:]
    memory.totals, memory.session_ns = totals.copy(), open_ns
    memory.strategy_shares = shares_among(memory.sessions)
