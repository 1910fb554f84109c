"""Names of sources of bars. `MinuteClosed.feed` is a source, or a source and " rest" where a bar of the minute came over REST."""

from __future__ import annotations

from typing import Final

REST: Final = " rest"
CONSOLIDATED: Final = "of all exchanges"
VOLUMES: Final = {"iex": "of one exchange", "sip": CONSOLIDATED, "delayed_sip": CONSOLIDATED, "polygon": CONSOLIDATED}
"""Whose volume a source counts (WIRE.md 7: IEX about 2 %). Another source, e.g. a simulation's, is comparable with any."""


def source_of(feed: str) -> str:
    """The source without its way: "polygon" of "polygon rest"."""
    return feed.removesuffix(REST)


def same_scale(one: str, other: str) -> bool:
    """Whether volumes of two sources may be compared."""
    return one not in VOLUMES or other not in VOLUMES or VOLUMES[one] == VOLUMES[other]
