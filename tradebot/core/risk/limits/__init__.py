"""Hard limits on new risk: `LIMITS` in catalogue.py, each a plain function of numbers, with the words that it refuses in."""

from tradebot.core.risk.limits.catalogue import LIMITS, REDUCING, Limit, broken_limit, first_refusal
from tradebot.core.risk.limits.config import LimitsConfig, rules_of
from tradebot.core.risk.limits.headroom import least_headroom, size_scale
from tradebot.core.risk.limits.loosened import loosened
from tradebot.core.risk.limits.numbers import Asked, Rules, Seen, worst_units
from tradebot.core.risk.limits.self_test import self_test

__all__ = [
    "LIMITS",
    "REDUCING",
    "Asked",
    "Limit",
    "LimitsConfig",
    "Rules",
    "Seen",
    "broken_limit",
    "first_refusal",
    "least_headroom",
    "loosened",
    "rules_of",
    "self_test",
    "size_scale",
    "worst_units",
]
