"""Sizes shrink as limits near (SYSTEMS.md section 5; 004: "sizes scaled by sqrt(min headroom) as limits near").

Headroom is the part of a limit that is left: 1 with nothing used, 0 at the limit. 004 scales from the first used part on, so that a
portfolio is never at full size. Here a profile says below which headroom it begins (`headroom_fraction_below`, 1.0 = 004's own rule):

    scale = sqrt(h / below)   where h = min(headroom of each limit) < below, else 1

The fast backtest compiles (njit) the same source.
"""

from __future__ import annotations

import math

from tradebot.core.risk.limits.numbers import Rules, Seen


def least_headroom(seen: Seen, rules: Rules) -> float:
    """The smallest part that is left of any limit on losses and on the portfolio's values, in [0, 1]; 0 where it is no number.

    A limit that is off (inf) has all its room. The limits on one order alone (its dollars, its shares) are no headroom that is used up.
    """
    equity = float(seen.equity_units)
    if not equity > 0.0:
        return 0.0
    loss, drawn = float(seen.day_start_equity_units - seen.equity_units), float(seen.high_water_units - seen.equity_units)
    left = 1.0 - loss / (rules.daily_loss_fraction_max * max(float(seen.day_start_equity_units), 1.0))
    left = min(left, 1.0 - drawn / (rules.drawdown_fraction_max * max(float(seen.high_water_units), 1.0)))
    left = min(left, 1.0 - seen.sector_units / (rules.sector_fraction_max * equity))
    left = min(left, 1.0 - seen.group_units / (rules.group_fraction_max * equity))
    left = min(left, 1.0 - seen.gross_units / rules.gross_units_max)
    left = min(left, 1.0 - abs(seen.net_units) / (rules.net_fraction_max * equity))
    left = min(left, 1.0 - seen.gross_units / (rules.leverage_max * equity))
    if not left >= 0.0:
        return 0.0
    return min(left, 1.0)


def size_scale(headroom: float, below: float) -> float:
    """`sqrt(headroom / below)`, at most 1; always 1 where `below` is 0, as "off" arrives here; 0 for what is no number."""
    if headroom >= below:
        return 1.0
    return math.sqrt(headroom / below) if headroom > 0.0 else 0.0
