"""Limits on what may fall together: a sector, a group of symbols that move as one, and the portfolio's value at risk.

The fast backtest compiles (njit) the same source.
"""

from __future__ import annotations

import math

from tradebot.core.domain.units import UNITS_PER_USD, usd_text
from tradebot.core.risk.limits.numbers import Asked, Rules, Seen


def sector_too_large(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """The symbol's sector as a part of equity."""
    return not seen.sector_units + asked.qty * asked.worst_units <= rules.sector_fraction_max * seen.equity_units


def sector_too_large_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    after = seen.sector_units + asked.qty * asked.worst_units
    return f"sector {usd_text(after)} > {rules.sector_fraction_max:.1%} of {usd_text(seen.equity_units)}"


def group_too_large(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """The symbols that move with this one, as a part of equity."""
    return not seen.group_units + asked.qty * asked.worst_units <= rules.group_fraction_max * seen.equity_units


def group_too_large_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    after = seen.group_units + asked.qty * asked.worst_units
    return f"correlated group {usd_text(after)} > {rules.group_fraction_max:.1%} of {usd_text(seen.equity_units)}"


def var_too_high(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """Parametric value at risk of a day, with the order in it, as a part of equity."""
    return not seen.var_units <= rules.var_fraction_max * seen.equity_units


def var_too_high_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    return f"VaR {_usd(seen.var_units)} > {rules.var_fraction_max:.2%} of {usd_text(seen.equity_units)}"


def historical_var_too_high(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """Historical value at risk of a day, with the order in it, as a part of equity."""
    return not seen.historical_var_units <= rules.historical_var_fraction_max * seen.equity_units


def historical_var_too_high_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    return f"historical VaR {_usd(seen.historical_var_units)} > {rules.historical_var_fraction_max:.2%} of {usd_text(seen.equity_units)}"


def _usd(units: float) -> str:
    return f"{units / UNITS_PER_USD:.2f}" if math.isfinite(units) else "unknown"
