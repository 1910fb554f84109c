"""`why-not`: what kept a symbol from being traded, in one minute or counted over a day."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from tradebot.app.journal import journal_url
from tradebot.app.recorded_day import minute_after, place_of, recorded_day
from tradebot.app.why import ENTER, forecast_of
from tradebot.core.domain.decision import Decision
from tradebot.settings import load_settings, read_environment
from tradebot.shell.store.explained import decided
from tradebot.shell.store.reads import reading

_NUMBER: Final = re.compile(r"(?<![A-Za-z_])[-+]?\d[\d,]*(\.\d+)?(e[-+]?\d+)?")
_SHOWN: Final = "*"


@dataclass(slots=True)
class _Counted:
    minutes: int
    first_ns: int
    last_ns: int
    last_words: str


def why_not_traded(
    profile: str, symbol: str, clock: str | None = None, *, date: dt.date | None = None, path: Path | None = None
) -> dict[str, Any]:
    """The reasons of the minute that starts at HH:MM, or of a whole day counted by reason, by default the newest recorded.

    Raises OperatorFault for a symbol, minute or day that was not decided.
    """
    settings = load_settings(profile, read_environment())
    with reading(journal_url(profile, path)) as connection:
        day = recorded_day(connection, settings, date)
        if clock is not None:
            minute_ns = day.minute_at(clock)
            _, decision = next(decided(connection, minute_ns, minute_after(minute_ns)))
            return _minute(decision, place_of(symbol, decision.symbols, day.date))
        name, seen, entered = symbol.upper(), 0, 0
        counted: dict[str, _Counted] = {}
        universe: dict[str, None] = {}
        highest, highest_ns, threshold = -np.inf, 0, 0.0
        for _, decision in decided(connection, day.first_ns, day.end_ns):
            universe |= dict.fromkeys(decision.symbols)
            if name not in decision.symbols:
                continue
            n, seen = decision.symbols.index(name), seen + 1
            reason = decision.reasons[n]
            if reason == ENTER:
                entered += 1
                continue
            _count(counted, reason, decision.minute_ns)
            threshold = decision.threshold
            if decision.confidence[n] > highest:  # never an unknown one
                highest, highest_ns = float(decision.confidence[n]), decision.minute_ns
        if not seen:
            place_of(symbol, tuple(universe), day.date)
    rows = sorted(counted.items(), key=lambda row: (-row[1].minutes, row[1].first_ns))
    return {
        "symbol": name,
        "date": day.date.isoformat(),
        "minutes": seen,
        "minutes_with_an_entry": entered,
        "threshold": threshold,
        "highest_confidence_not_traded": highest if highest_ns else None,
        "highest_ns": highest_ns or None,
        "reasons": [
            {"minutes": c.minutes, "reason": reason, "first_ns": c.first_ns, "last_ns": c.last_ns, "last_in_full": c.last_words}
            for reason, c in rows
        ],
    }


def alike(reason: str) -> str:
    """A reason without its numbers: those of many minutes count as one."""
    return _NUMBER.sub(_SHOWN, reason)


def _count(counted: dict[str, _Counted], reason: str, minute_ns: int) -> None:
    kind = alike(reason)
    if kind not in counted:
        counted[kind] = _Counted(0, minute_ns, minute_ns, reason)
    found = counted[kind]
    found.minutes, found.last_ns, found.last_words = found.minutes + 1, minute_ns, reason


def _minute(decision: Decision, n: int) -> dict[str, Any]:
    reason = decision.reasons[n]
    unknown = [name for name, value in zip(decision.feature_names, decision.features[n], strict=False) if not np.isfinite(value)]
    return {
        "symbol": decision.symbols[n],
        "minute_ns": decision.minute_ns,
        "decided_ns": decision.ts_event_ns,
        "answer": f"it did trade: order {decision.order_ids[n]}" if reason == ENTER else reason,
        "features_unknown": unknown,
        "forecast": forecast_of(decision, n),
    }
