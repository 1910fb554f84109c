"""The venue's day as instants: pre-market, regular, post-market, closed. Half days close early and keep a four-hour post-market."""

from __future__ import annotations

from bisect import bisect_right
from enum import IntEnum

from tradebot.core.domain.session import Session, SessionTable
from tradebot.core.domain.units import NS_PER_MINUTE

FAR_NS = 1 << 62  # after every instant of interest
_PRE_NS = 330 * NS_PER_MINUTE  # 04:00 before a 09:30 open
_POST_NS = 240 * NS_PER_MINUTE


class Phase(IntEnum):
    CLOSED = 0
    PRE = 1
    REGULAR = 2
    POST = 3


class Phases:
    """The boundaries of all sessions in order, and where we stand between them. `session` is the last one whose pre-market began."""

    def __init__(self, sessions: SessionTable, start_ns: int) -> None:
        self._bounds: list[tuple[int, Phase, Session]] = []
        for session in sessions.sessions:
            self._bounds += [
                (session.open_ns - _PRE_NS, Phase.PRE, session),
                (session.open_ns, Phase.REGULAR, session),
                (session.close_ns, Phase.POST, session),
                (session.close_ns + _POST_NS, Phase.CLOSED, session),
            ]
        self._next = bisect_right(self._bounds, start_ns, key=lambda bound: bound[0])
        self._read()

    def step(self) -> Phase:
        """Cross the next boundary."""
        self._next += 1
        self._read()
        return self.phase

    def nights(self) -> int:
        """Nights between the session that began last and the next one; 1 where the table ends."""
        here = self.session
        after = next((s for _, phase, s in self._bounds[self._next :] if phase is Phase.REGULAR and s is not here), None)
        return (after.date - here.date).days if here is not None and after is not None else 1

    def last_close_before(self, session: Session) -> int:
        """Close of the session before `session` in the table, or 0."""
        closes = [s.close_ns for _, phase, s in self._bounds if phase is Phase.POST and s.close_ns < session.close_ns]
        return closes[-1] if closes else 0

    def _read(self) -> None:
        before = self._bounds[self._next - 1] if self._next else None
        self.phase: Phase = before[1] if before else Phase.CLOSED
        self.session: Session | None = before[2] if before else None
        self.next_ns: int = self._bounds[self._next][0] if self._next < len(self._bounds) else FAR_NS
