"""Names of sources of bars. `MinuteClosed.feed` is a source, or a source and " rest" where a bar of the minute came over REST."""

from __future__ import annotations

from typing import Final

REST: Final = " rest"
CONSOLIDATED: Final = frozenset({"sip", "delayed_sip", "polygon"})
"""Sources that count every exchange's volume. Any other counts its own, e.g. `iex` about 2 % (WIRE.md 7)."""


def source_of(feed: str) -> str:
    """The source without its way: "polygon" of "polygon rest"."""
    return feed.removesuffix(REST)


def same_scale(one: str, other: str) -> bool:
    """Whether volumes of two sources may be compared. An unnamed source is comparable with any: simulations have but one."""
    return not one or not other or one == other or (one in CONSOLIDATED and other in CONSOLIDATED)
