"""What a change of limits makes looser: that needs a person, a reason and a record (FIELD.md F66). Tightening needs nobody."""

from __future__ import annotations

from typing import Final

from tradebot.core.risk.limits.config import LimitsConfig, rules_of

_TIGHTER_ABOVE: Final = ("price_units_min", "symbol_interval_ns_min", "headroom_fraction_below")
"""Figures of which the larger is the tighter."""


def loosened(old: LimitsConfig, new: LimitsConfig) -> tuple[str, ...]:
    """Each limit that `new` holds less tightly than `old`, in words with both values; () when none is.

    A sector or group that a symbol leaves counts as loosened, since its sum no longer holds the symbol; so do a lower confidence of the
    value at risk, a lower assumed volatility, and a higher correlation at which symbols are one group.
    """
    before, after = rules_of(old), rules_of(new)
    found = []
    for name in before._fields:
        a, b = getattr(before, name), getattr(after, name)
        if b < a if name in _TIGHTER_ABOVE else b > a:
            key = _KEYS.get(name, name)
            found.append(f"{key}: {getattr(old, key)} -> {getattr(new, key)}")
    for key in ("var_confidence", "unknown_volatility_fraction"):
        if getattr(new, key) < getattr(old, key):
            found.append(f"{key}: {getattr(old, key)} -> {getattr(new, key)}")
    if new.group_correlation_min > old.group_correlation_min:
        found.append(f"group_correlation_min: {old.group_correlation_min} -> {new.group_correlation_min}")
    for table in ("sectors", "groups"):
        was, now = getattr(old, table), getattr(new, table)
        found += [f"{table}.{s}: {was.get(s, 'none')} -> {now.get(s, 'none')}" for s in sorted({*was, *now}) if was.get(s) != now.get(s)]
    return tuple(found)


_KEYS: Final = {
    "order_units_max": "order_usd_max",
    "price_units_min": "price_usd_min",
    "price_units_max": "price_usd_max",
    "gross_units_max": "gross_usd_max",
    "notional_units_per_minute_max": "notional_usd_per_minute_max",
    "symbol_interval_ns_min": "symbol_interval_s_min",
    "data_age_ns_max": "data_age_s_max",
}
"""The profile's key of a figure that has another name as a number."""
