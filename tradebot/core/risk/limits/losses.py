"""Limits on what has been lost already. The fast backtest compiles (njit) the same source."""

from __future__ import annotations

from tradebot.core.domain.units import usd_text
from tradebot.core.risk.limits.numbers import Asked, Rules, Seen


def day_lost_too_much(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """The day's loss as a part of the equity that it began with."""
    return not seen.day_start_equity_units - seen.equity_units < rules.daily_loss_fraction_max * seen.day_start_equity_units


def day_lost_too_much_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    loss = seen.day_start_equity_units - seen.equity_units
    return f"day loss {usd_text(loss)} >= {rules.daily_loss_fraction_max:.1%} of {usd_text(seen.day_start_equity_units)}"


def drawdown_too_deep(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """The loss since the best equity of any session's end, as a part of it. Nothing is measured before the first one (0)."""
    mark = seen.high_water_units
    return mark != 0 and not mark - seen.equity_units < rules.drawdown_fraction_max * mark


def drawdown_too_deep_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    loss = seen.high_water_units - seen.equity_units
    return f"drawdown {usd_text(loss)} >= {rules.drawdown_fraction_max:.1%} of {usd_text(seen.high_water_units)}"
