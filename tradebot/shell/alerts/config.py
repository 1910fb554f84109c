"""Who is told what, when and how: the section [alerts] of a profile."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

from annotated_types import Ge, Gt, Le, MinLen

Severity = Literal["info", "warning", "critical"]
SEVERITIES: Final[tuple[str, ...]] = ("info", "warning", "critical")  # from the mildest


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelConfig:
    """One way to a person. `url_secret` names the variable that holds Apprise's URL: it carries tokens, so it never stands in a profile.

    A channel of step 0 is told at once; one of step n of what nobody has acknowledged after n times `escalate_min`.
    """

    url_secret: Annotated[str, MinLen(1)]
    severities: Annotated[tuple[Severity, ...], MinLen(1)] = ("warning", "critical")
    step: Annotated[int, Ge(0), Le(9)] = 0
    digest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsConfig:
    """A text that comes again within `dedupe_min` is only counted. Only critical ones pass from `quiet_from` to `quiet_until`.

    `interval_s`: what comes between two messages of a channel goes out as one; critical ones don't wait. `timeout_s` ends an attempt.
    `queue_max`: beyond it the oldest info is dropped, then the oldest warning, never a critical one.
    """

    channels: dict[str, ChannelConfig] = field(default_factory=dict)
    dedupe_min: Annotated[float, Ge(0), Le(1440)] = 15.0
    escalate_min: Annotated[float, Gt(0), Le(1440)] = 10.0
    quiet_from: dt.time = dt.time(0)
    quiet_until: dt.time = dt.time(0)
    zone: str = "America/New_York"
    digest_after_close_min: Annotated[float, Ge(0), Le(720)] = 10.0
    interval_s: Annotated[float, Ge(0), Le(3600)] = 10.0
    timeout_s: Annotated[float, Ge(1), Le(120)] = 20.0
    queue_max: Annotated[int, Ge(10), Le(100_000)] = 500
