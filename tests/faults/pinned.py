"""Bugs that the simulation has found, each with a world that shows it when the mending is taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Pinned:
    seed: int
    days: int
    faults: tuple[str, ...]
    sentence: str


PINNED: Final[tuple[Pinned, ...]] = (
    Pinned(1, 2, ("F56",), "a model that answers NaN made the journal unwritable: predictions.confidence may not be null"),
    Pinned(
        4,
        1,
        ("F26", "F74"),
        "an entry and its stop filled while no reply and no look-up came through: the exit sold the same shares again, short",
    ),
    Pinned(4, 5, ("F25",), "the close forgot such an entry, and what was still thought to be held was sold after it, short"),
    Pinned(
        171,
        1,
        (),
        "a life that ended while its broker was called stale left that word for ever: the next one's poller had nothing to take back",
    ),
    Pinned(471, 1, (), "a daemon that was down over the close told nobody, when it came back, what was held over it"),
    Pinned(50, 1, ("F26", "F42"), "an OCO known from the stream alone was cancelled and placed anew, 500 times in some minutes"),
)
