"""One row of the trial ledger, and its bytes."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Final, Literal, get_args

import msgspec

from tradebot.core.domain.faults import OperatorFault

What = Literal["backtest", "walk_forward", "search", "train", "toggle"]
KINDS: Final[tuple[str, ...]] = get_args(What)
RETURN_DIGITS: Final = 8
GENESIS: Final = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One look at the data, whatever came of it.

    `dates` (as 20261105) and `returns` (net, of each session) have one entry a session; both are empty where a trial has no returns (a
    training, a search by log loss), and then `score` says what it came to. `toggles` are the keys in which the settings differ from the
    committed profile, with their values. The ledger fills the last four fields.
    """

    what: What
    profile: str
    settings_sha256: str
    toggles: dict[str, str] = dataclasses.field(default_factory=dict)
    first: str = ""  # the first and the last day that it looked at, 2026-11-05
    last: str = ""
    sessions: int = 0
    dates: tuple[int, ...] = ()
    returns: tuple[float, ...] = ()
    net_sharpe_daily: float | None = None
    score: float | None = None
    score_name: str = ""
    outcome_sha256: str = ""
    note: str = ""
    when_ns: int = 0
    number: int = 0
    previous_sha256: str = GENESIS
    sha256: str = ""


def chained(trial: Trial, number: int, previous_sha256: str, when_ns: int) -> Trial:
    """The trial as the ledger keeps it, in its place in the chain."""
    placed = dataclasses.replace(trial, number=number, previous_sha256=previous_sha256, when_ns=trial.when_ns or when_ns, sha256="")
    return dataclasses.replace(placed, sha256=row_sha256(placed))


def row_sha256(trial: Trial) -> str:
    """sha256 of the previous row's hash and of this row's canonical JSON without its own hash."""
    row = msgspec.to_builtins(dataclasses.replace(trial, sha256=""))
    return hashlib.sha256(trial.previous_sha256.encode() + _canonical(row)).hexdigest()


def line_of(trial: Trial) -> bytes:
    """One line of the file, with its end."""
    return _canonical(msgspec.to_builtins(trial)) + b"\n"


def trial_of(line: bytes) -> Trial:
    """The trial of one line without its end. Raises OperatorFault for a line that no ledger wrote."""
    try:
        trial = msgspec.json.decode(line, type=Trial)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OperatorFault(f"this is no row of a trial ledger ({error})") from error
    if trial.sha256 != row_sha256(trial) or line_of(trial)[:-1] != line:
        raise OperatorFault("this row was changed after it was written")
    return trial


def plain_sha256(tree: object) -> str:
    """Hash of any plain values (mappings, sequences, numbers, text; the rest by its text), order of keys regardless."""
    return hashlib.sha256(_canonical(tree)).hexdigest()


def _canonical(tree: object) -> bytes:
    return json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=str).encode()
