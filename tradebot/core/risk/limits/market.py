"""Limits on when and on what may be traded at all. The fast backtest compiles (njit) the same source."""

from __future__ import annotations

from tradebot.core.domain.units import NS_PER_S
from tradebot.core.risk.limits.numbers import HALTED, NO_STATUS, NOT_SHORTABLE, UNTRADABLE, Asked, Rules, Seen


def data_too_old(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """What the decision saw is older than that. An age below zero is data from the future."""
    return not 0 <= seen.data_age_ns <= rules.data_age_ns_max


def data_too_old_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    return f"data is {seen.data_age_ns / NS_PER_S:g} s old > {rules.data_age_ns_max / NS_PER_S:g} s"


def outside_session(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """Nothing is opened outside the session, nor from the flatten time on."""
    return not seen.session_left_ns > 0


def outside_session_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    return f"outside the session: {seen.session_left_ns / NS_PER_S:g} s left"


def not_tradable(asked: Asked, seen: Seen, rules: Rules) -> bool:
    """The symbol is halted, not tradable, or sold short where nobody lends it."""
    return not (seen.status == NO_STATUS or (seen.status == NOT_SHORTABLE and asked.sign > 0))


def not_tradable_text(asked: Asked, seen: Seen, rules: Rules) -> str:
    words = {HALTED: "halted", UNTRADABLE: "not tradable", NOT_SHORTABLE: "not shortable"}
    return f"the symbol is {words.get(seen.status, 'of unknown status')} (status {seen.status})"
