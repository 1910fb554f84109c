"""Limits on what the whole portfolio comes to, in dollars and in parts of equity. The fast backtest compiles (njit) the same source."""

from __future__ import annotations

from tradebot.core.domain.units import usd_text
from tradebot.core.risk.limits.numbers import Asked, Rules, Seen


def too_many_positions(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """Symbols held, working, being closed or just asked for."""
    return seen.positions >= rules.positions_max


def too_many_positions_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    return f"positions {seen.positions} >= {rules.positions_max}"


def not_enough_cash(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """A buy costs more than the cash that no open buy has claimed, and what may be borrowed."""
    cost = asked.qty * asked.worst_units
    return asked.sign > 0 and not cost - seen.free_cash_units <= rules.cash_borrowed_fraction_max * seen.equity_units


def not_enough_cash_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    borrowed = f" and {rules.cash_borrowed_fraction_max:.0%} of equity" if rules.cash_borrowed_fraction_max else ""
    return f"cash {usd_text(seen.free_cash_units)}{borrowed} < {usd_text(asked.qty * asked.worst_units)}"


def not_enough_buying_power(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """The order costs more than the account may still spend."""
    return not asked.qty * asked.worst_units <= seen.buying_power_units


def not_enough_buying_power_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    return f"buying power {usd_text(seen.buying_power_units)} < {usd_text(asked.qty * asked.worst_units)}"


def position_too_large(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """The symbol's value as a part of equity."""
    after = abs(seen.symbol_units + asked.sign * asked.qty * asked.worst_units)
    return not after <= rules.position_fraction_max * seen.equity_units


def position_too_large_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    after = abs(seen.symbol_units + asked.sign * asked.qty * asked.worst_units)
    return f"position {usd_text(after)} > {rules.position_fraction_max:.1%} of {usd_text(seen.equity_units)}"


def gross_too_large(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """All values together in dollars, long and short alike: the capital that this account may ever put at risk."""
    return not seen.gross_units + asked.qty * asked.worst_units <= rules.gross_units_max


def gross_too_large_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    return f"gross_usd {usd_text(seen.gross_units + asked.qty * asked.worst_units)} > {rules.gross_units_max / 10_000:g}"


def net_too_large(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """Long less short as a part of equity, in either direction."""
    after = abs(seen.net_units + asked.sign * asked.qty * asked.worst_units)
    return not after <= rules.net_fraction_max * seen.equity_units


def net_too_large_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    after = abs(seen.net_units + asked.sign * asked.qty * asked.worst_units)
    return f"net {usd_text(after)} > {rules.net_fraction_max:.1%} of {usd_text(seen.equity_units)}"


def leverage_too_high(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """All values together as a multiple of equity."""
    return not seen.gross_units + asked.qty * asked.worst_units <= rules.leverage_max * seen.equity_units


def leverage_too_high_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    after = seen.gross_units + asked.qty * asked.worst_units
    return f"leverage {usd_text(after)} > {rules.leverage_max:g} times {usd_text(seen.equity_units)}"
