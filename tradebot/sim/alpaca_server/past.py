"""What the account was at an earlier instant, worked out from its statement and the bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S, units_nearest
from tradebot.sim.alpaca_server.state import Simulator
from tradebot.sim.venue_account import Account
from tradebot.sim.venue_orders import Activity

_DAY_NS = 24 * 60 * NS_PER_MINUTE
_PERIOD_DAYS = {"D": 1, "W": 7, "M": 31, "A": 366}
_MINUTES = {"1Min": 1, "5Min": 5, "15Min": 15, "1H": 60}


def account_at(simulator: Simulator, ts_ns: int) -> Account:
    """Cash and positions with everything up to and including `ts_ns` booked."""
    config = simulator.venue.config
    account = Account(units_nearest(config.cash_usd), config.costs)
    for activity in simulator.venue.activities:
        if activity.ts_ns <= ts_ns:
            _book(account, activity)
    return account


def _book(account: Account, activity: Activity) -> None:
    order = activity.order
    if order is None:
        account.cash_units += activity.net_units
    else:
        account.trade(order, activity.qty, activity.price_units, activity.ts_ns, "")


def equity_history(simulator: Simulator, period: str, timeframe: str, start_ns: int | None, end_ns: int | None) -> dict[str, object]:
    """Alpaca's portfolio history: number arrays. Day points are sessions' closes, shorter ones lie on the regular minutes.

    Raises ValueError for a period or timeframe that does not exist.
    """
    now_ns = simulator.now_ns
    days = _days(period or "1M")
    frame = timeframe or ("1Min" if days <= 1 else "15Min" if days <= 31 else "1D")
    if frame != "1D" and frame not in _MINUTES:
        raise ValueError(f"invalid timeframe: {timeframe}")
    last_ns = now_ns if end_ns is None else min(end_ns, now_ns)
    first_ns = max(last_ns - days * _DAY_NS if start_ns is None else start_ns, simulator.start_ns)
    if frame == "1D":
        points = [(p.ts_ns, p.equity_units) for p in simulator.venue.closes if first_ns <= p.ts_ns <= last_ns]
    else:
        points = _intraday(simulator, first_ns, last_ns, _MINUTES[frame] * NS_PER_MINUTE)
    base = units_nearest(simulator.venue.config.cash_usd)
    equity = [units for _, units in points]
    return {
        "timestamp": [ts_ns // NS_PER_S for ts_ns, _ in points],
        "equity": [units / 10_000 for units in equity],
        "profit_loss": [(units - base) / 10_000 for units in equity],
        "profit_loss_pct": [(units - base) / base if base else 0.0 for units in equity],
        "base_value": base / 10_000,
        "base_value_asof": None,
        "timeframe": frame,
        "cashflow": {},
    }


def _days(period: str) -> int:
    count, unit = period[:-1], period[-1:]
    if unit not in _PERIOD_DAYS or not count.isdigit():
        raise ValueError(f"invalid period: {period}")
    return int(count) * _PERIOD_DAYS[unit]


def _intraday(simulator: Simulator, first_ns: int, last_ns: int, width_ns: int) -> list[tuple[int, int]]:
    """(time, equity) on the grid of the regular sessions: one pass over the statement, marked at the last known closes."""
    times = [
        at
        for session in simulator.sessions.sessions
        if session.open_ns <= last_ns and session.close_ns >= first_ns
        for at in range(session.open_ns, session.close_ns + 1, width_ns)
        if first_ns <= at <= last_ns
    ]
    account = Account(units_nearest(simulator.venue.config.cash_usd), simulator.venue.config.costs)
    activities: Sequence[Activity] = simulator.venue.activities
    points, booked = [], 0
    for at in times:
        while booked < len(activities) and activities[booked].ts_ns <= at:
            _book(account, activities[booked])
            booked += 1
        value = sum(held.qty * _last_close(simulator, symbol, at) for symbol, held in account.positions.items())
        points.append((at, account.cash_units + value))
    return points


def _last_close(simulator: Simulator, symbol: str, ts_ns: int) -> int:
    """Close of the last bar that had ended, else the open of the first one."""
    bars = simulator.market.histories[symbol]
    i = int(np.searchsorted(bars.minute_ns, ts_ns - NS_PER_MINUTE, side="right")) - 1
    return int(bars.close[i]) if i >= 0 else int(bars.open[0])
