"""What the alerts remember: plain values that go to a file and back."""

from __future__ import annotations

import msgspec


class Notice(msgspec.Struct):
    """One alert as a person knows it. Times in UTC nanoseconds of the wall clock; 0 is never."""

    id: int
    severity: str  # info | warning | critical
    text: str
    first_ns: int
    last_ns: int
    count: int = 1  # times heard
    told_count: int = 0  # of them, what was handed to the channels
    told_ns: int = 0  # last handed to the channels
    escalates_ns: int = 0  # from when the wait for an acknowledgement counts
    step: int = 0
    acknowledged_ns: int = 0
    not_by: str = ""  # the channel that must not carry it: it is about this channel


class Line(msgspec.Struct, frozen=True):
    """A notice that waits for a channel."""

    id: int
    severity: str
    text: str
    count: int
    first_ns: int


class Letter(msgspec.Struct, frozen=True):
    """A digest that waits for a channel. `attachment` is a path or empty."""

    title: str
    body: str
    attachment: str = ""


class Lane(msgspec.Struct):
    """What one channel carries. `flying` and `flying_letter` are being sent; a restart sends them again."""

    waiting: list[Line] = []
    flying: list[Line] = []
    letters: list[Letter] = []
    flying_letter: Letter | None = None
    is_flying: bool = False
    last_ns: int = 0  # of the last attempt
    retry_ns: int = 0
    failures: int = 0  # in a row
    sent: int = 0
    failed: int = 0
    fault: str = ""  # why the last attempt failed


class Notices(msgspec.Struct):
    """All of it."""

    next_id: int = 1
    notices: dict[int, Notice] = {}
    lanes: dict[str, Lane] = {}
    dropped: dict[str, int] = {}  # by severity
    digest_of: str = ""  # the last session whose digest was handed over, as ISO date
