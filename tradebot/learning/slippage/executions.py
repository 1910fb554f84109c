"""From a journal's fills, intents and minutes to executions: what the market showed when each order came."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tradebot.core.domain.bars import TAPE
from tradebot.core.domain.events import MinuteClosed
from tradebot.core.domain.orders import Fill, OrderIntent, Role
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.learning.slippage.shortfall import BPS, Execution

_LEGS: Final = (Role.STOP, Role.TARGET)


@dataclass(frozen=True, slots=True)
class Arrival:
    """The market as an order reached it. `half_spread_units` is None where no quote stood."""

    mid_units: int
    half_spread_units: int | None


class Market:
    """The minutes of a journal, to be asked what an order met."""

    def __init__(self, minutes: Sequence[MinuteClosed]) -> None:
        self._starts: dict[str, list[int]] = {}
        self._arrivals: dict[str, list[Arrival]] = {}
        for minute in minutes:
            for n, symbol in enumerate(minute.symbols):
                if minute.present[n]:
                    self._starts.setdefault(symbol, []).append(minute.minute_ns)
                    self._arrivals.setdefault(symbol, []).append(_arrival(minute, n))

    def at(self, symbol: str, ts_ns: int) -> Arrival | None:
        """The first bar that began in the order's minute or later; None where none came."""
        starts = self._starts.get(symbol, [])
        i = bisect_left(starts, ts_ns // NS_PER_MINUTE * NS_PER_MINUTE)
        return self._arrivals[symbol][i] if i < len(starts) else None


def _arrival(minute: MinuteClosed, n: int) -> Arrival:
    if minute.tape is not None:
        bid, ask = (int(minute.tape[n, TAPE.index(side)]) for side in ("bid", "ask"))
        if 0 < bid <= ask:
            half = (ask - bid) // 2
            return Arrival(bid + half, half)
    return Arrival(int(minute.open[n]), None)


def executions(
    fills: Sequence[Fill],
    intents: Mapping[str, OrderIntent],
    resting_units: Mapping[str, int],
    market: Market,
    half_spread_bps: float,
) -> tuple[Execution, ...]:
    """One execution for each fill whose order is known. `resting_units`: the price at which a leg rests, by its broker id.

    A leg was decided at its own price; so was what arrived at it. Where no quote stood, `half_spread_bps` stands in. Fills of orders that
    are not ours (no intent, no leg) are left out: nobody decided them here.
    """
    out = []
    for fill in fills:
        broker_id = fill.fill_id.rpartition(":")[0]
        intent = intents.get(fill.client_order_id.rstrip("+"))
        if fill.role in _LEGS and resting_units.get(broker_id):
            decided = resting_units[broker_id]
            found: Arrival | None = Arrival(decided, None)
        elif intent is not None:
            decided, found = intent.reference_units, market.at(fill.symbol, intent.decided_ns)
        else:
            continue
        arrival = found or Arrival(decided, None)
        half = arrival.half_spread_units
        out.append(
            Execution(
                fill_id=fill.fill_id,
                symbol=fill.symbol,
                role=str(fill.role),
                sign=fill.side.sign,
                qty=fill.qty,
                paid_units=fill.notional_units,
                ts_ns=fill.ts_event_ns,
                decided_units=decided,
                arrival_units=arrival.mid_units,
                half_spread_units=round(arrival.mid_units * half_spread_bps / BPS) if half is None else half,
                is_quoted=half is not None,
            )
        )
    return tuple(out)
