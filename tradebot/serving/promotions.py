"""Which version traded when, and why: `models/<profile>/PROMOTIONS.jsonl`, a line for each change of CURRENT, only ever appended to.

A line is durable before CURRENT moves. Where a crash came in between, CURRENT is right: it names what trades.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Literal

import msgspec

from tradebot.core.domain.faults import OperatorFault

FILE: Final = "PROMOTIONS.jsonl"

How = Literal["gate", "operator", "forced", "rollback"]


class PromotionRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`version` trades from `at_ns` on; before it `previous` did ("" when none). `how`: who decided."""

    at_ns: int
    version: str
    previous: str
    how: How
    reason: str


def history(folder: Path) -> list[PromotionRow]:
    """The rows of a profile's folder, oldest first. Raises OperatorFault for a line that is none of ours, but for a torn last one."""
    path = folder / FILE
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OperatorFault(f"{path}: can't be read ({error.strerror or error})") from error
    rows = []
    for number, line in enumerate(data[: data.rfind(b"\n") + 1].splitlines(), 1):
        try:
            rows.append(msgspec.json.decode(line, type=PromotionRow))
        except msgspec.DecodeError as error:
            raise OperatorFault(f"{path}: line {number} is no promotion ({error})") from error
    return rows


def append(folder: Path, row: PromotionRow) -> None:
    """Add a row, on disk when this returns. What a crash left of a line is cut off first. Raises OSError."""
    with (folder / FILE).open("ab+") as file:
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
        file.write(msgspec.json.encode(row) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def traded_before(rows: list[PromotionRow], current: str) -> list[str]:
    """Versions that traded before `current`, the latest first: each promotion goes on top, a rollback takes off what it left."""
    trail = _trail(rows)
    if current not in trail:
        return trail[::-1]
    last = len(trail) - 1 - trail[::-1].index(current)
    return trail[:last][::-1]


def _trail(rows: list[PromotionRow]) -> list[str]:
    trail = [rows[0].previous] if rows and rows[0].previous else []
    for row in rows:
        if row.how == "rollback" and row.version in trail:
            while trail[-1] != row.version:
                trail.pop()
        elif not trail or trail[-1] != row.version:
            trail.append(row.version)
    return trail
