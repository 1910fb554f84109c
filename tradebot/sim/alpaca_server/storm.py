"""Faults at a rate: every request, frame, cancel and bar may fail, as a seed draws it (`POST /sim/storm`).

    {"seed": 7, "rate": 0.05}                                          every kind of WIRE.md section 8
    {"seed": 7, "rate": 0.05, "faults": [{"name": "http_429"}, ...]}   these alone, with their options (see `faults`),
                                                                       and a "rate" of its own where one is rare

A storm of rate r strikes an opportunity with probability r: kinds that compete for one (say, the answers to a request) share it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

COMPETING: Final[tuple[tuple[str, ...], ...]] = (
    ("http_504_after_accept", "http_429", "http_503_html", "http_hang", "http_abort", "http_abort_after_accept", "http_cut_json"),
    ("trade_close", "trade_abort", "trade_mute", "trade_drop", "trade_reorder", "trade_duplicate"),
    ("data_mute", "data_close", "data_abort", "data_407"),
    ("data_405",),
    ("data_406", "data_409"),
    ("data_bar_drop", "late_updated_bar", "missing_minute"),
    ("unknown_enum",),
    ("positions_lag",),
    ("stuck_pending_cancel",),
    ("replace_lost_to_fill",),
)
"""Kinds by what they strike: an answer, a trade update, a frame of data, a subscription, an authentication, a bar, an enum, and so on."""
KINDS: Final = tuple(name for group in COMPETING for name in group)
SHARE: Final[Mapping[str, int]] = {name: len(group) for group in COMPETING for name in group}


@dataclass(slots=True)
class Squall:
    """One kind of fault: its own draws, so that no kind's luck hangs on another's, and what it struck."""

    name: str
    probability: float
    options: dict[str, Any]
    draws: random.Random
    struck: int = 0
    chances: int = 0

    def strikes(self, here: Mapping[str, str]) -> bool:
        if not fits(self.options, here):
            return False
        self.chances += 1
        if self.draws.random() >= self.probability:
            return False
        self.struck += 1
        return True


@dataclass(slots=True)
class Storm:
    squalls: dict[str, list[Squall]] = field(default_factory=dict)

    @classmethod
    def of(cls, seed: int, rate: float, faults: list[dict[str, Any]] | None = None) -> Storm:
        """Raises KeyError for a kind that does not exist, ValueError for a rate outside 0 to 1."""
        if not 0 <= rate <= 1:
            raise ValueError(f"rate {rate} is no probability")
        storm = cls()
        for n, fault in enumerate([{"name": name} for name in KINDS] if faults is None else faults):
            options = dict(fault)
            name = options.pop("name")
            chance = options.pop("rate", rate / SHARE[name])
            draws = random.Random(f"{seed} {n} {name}")
            storm.squalls.setdefault(name, []).append(Squall(name, chance, options, draws))
        return storm

    def take(self, name: str, here: Mapping[str, str]) -> Mapping[str, Any] | None:
        for squall in self.squalls.get(name, ()):
            if squall.strikes(here):
                return squall.options
        return None

    def as_json(self) -> list[dict[str, Any]]:
        return [{"name": s.name, "chances": s.chances, "struck": s.struck, **s.options} for group in self.squalls.values() for s in group]


def fits(options: Mapping[str, Any], here: Mapping[str, str]) -> bool:
    """Whether a fault's options don't contradict the place; a list names several places."""
    return all(
        given in (None, "", value) or (isinstance(given, list) and value in given)
        for key, value in here.items()
        for given in (options.get(key),)
    )
