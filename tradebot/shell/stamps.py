"""RFC 3339 text to integer nanoseconds and back, exact to the nanosecond (datetime stops at microseconds)."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Final

from tradebot.core.domain.units import NS_PER_S

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_SECONDS = len("2013-10-04T13:30:00")


@lru_cache(maxsize=4_096)
def ns_from_text(text: str) -> int:
    """UTC nanoseconds from "2013-10-04T13:30:00.123456789Z" or with an offset. Raises ValueError; a stamp without zone is refused."""
    rest = text[_SECONDS:]
    fraction_ns = 0
    if rest.startswith("."):
        digits = rest[1:].rstrip("Zz").split("+")[0].split("-")[0]
        fraction_ns = int(digits.ljust(9, "0")[:9])
        rest = rest[1 + len(digits) :]
    whole = dt.datetime.fromisoformat(text[:_SECONDS] + rest)
    if whole.tzinfo is None:
        raise ValueError(f"a time without zone: {text!r}")
    since = whole - _EPOCH
    return (since.days * 86_400 + since.seconds) * NS_PER_S + fraction_ns


def text_from_ns(ts_ns: int) -> str:
    """ "2013-10-04T13:30:00.000000001Z"; whole seconds carry no fraction."""
    seconds, fraction_ns = divmod(ts_ns, NS_PER_S)
    base = (_EPOCH + dt.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{base}.{fraction_ns:09d}Z" if fraction_ns else f"{base}Z"
