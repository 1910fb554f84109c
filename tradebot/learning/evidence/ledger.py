"""The trial ledger: every backtest, walk-forward, search trial, training and toggle, once, in order, for good.

An append-only file of JSON lines. Each row holds the hash of the one before it, so a row that was changed, moved or taken out is found; a
small file beside it remembers the newest row, so rows cut off at the end are found too. It keeps an honest user honest: who rewrites both
files can deceive it.

    ledger = Ledger(settings.trials_path)
    record_trial(ledger, what="backtest", profile="demo", settings=tree, base=base_tree, dates=dates, returns=returns, outcome_sha256=...)
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.evidence.trial import GENESIS, RETURN_DIGITS, Trial, What, chained, line_of, plain_sha256, trial_of

Float = npt.NDArray[np.float64]
_CHUNK: Final = 65_536
_PLACES: Final = frozenset({"about", "state_dir", "models_dir", "trials_path", "journal", "broker"})  # where it runs, not what it trades


class _Head(msgspec.Struct, frozen=True):
    number: int
    sha256: str


class Ledger:
    """The file of trials at `path`; it comes to be with the first row. Safe between processes: one writes at a time, each row synced.

    `say` hears of a torn last line, the trace of a crash, when the next row takes its place.
    """

    def __init__(self, path: Path, say: Callable[[str], None] = lambda line: None) -> None:
        self.path = path
        self._say = say

    def record(self, trial: Trial) -> Trial:
        """Append, on disk when this returns; the trial with its number, time and hashes.

        Raises OperatorFault when the file can't be written, or when its end isn't what was last written.
        """
        assert trial.profile, "a trial belongs to a profile"
        assert len(trial.dates) == len(trial.returns)
        assert np.isfinite(trial.returns).all(), "a return that is not finite"
        with self._open() as file:
            last = self._last(file)
            head = self._head()
            self._not_shortened(last, head)
            number, previous = (last.number + 1, last.sha256) if last is not None else (1, GENESIS)
            kept = chained(trial, number, previous, time.time_ns())
            try:
                os.write(file, line_of(kept))
                os.fsync(file)
                self._write_head(kept)
            except OSError as error:
                raise OperatorFault(f"{self.path}: the trial can't be recorded ({error.strerror or error})") from error
        return kept

    def trials(self, profile: str = "") -> tuple[Trial, ...]:
        """All rows, or those of a profile, oldest first, each checked. Raises OperatorFault that names the first row that is not right.

        A torn last line is left out with a word.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            content = b""
        except OSError as error:
            raise OperatorFault(f"{self.path}: the trials can't be read ({error.strerror or error})") from error
        *lines, torn = content.split(b"\n")
        if torn:
            self._say(f"{self.path}: the last line is torn ({len(torn)} bytes of a crash), it is left out")
        rows: list[Trial] = []
        previous = GENESIS
        for number, line in enumerate(lines, 1):
            try:
                trial = trial_of(line)
            except OperatorFault as fault:
                raise OperatorFault(f"{self.path}: row {number}: {fault}") from fault
            if trial.previous_sha256 != previous or trial.number != number:
                raise OperatorFault(f"{self.path}: row {number} doesn't follow the one before it: rows were taken out or moved")
            rows.append(trial)
            previous = trial.sha256
        self._not_shortened(rows[-1] if rows else None, self._head())
        return tuple(t for t in rows if not profile or t.profile == profile)

    @contextmanager
    def _open(self) -> Iterator[int]:
        """The file, locked, at its end, without a torn last line."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise OperatorFault(f"{self.path}: the trial can't be recorded ({error.strerror or error})") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)

    def _last(self, file: int) -> Trial | None:
        """The last whole row; what a crash left behind it is cut off."""
        end = os.fstat(file).st_size
        tail = b""
        start = end
        while start > 0 and tail.count(b"\n") < 2:
            start = max(0, start - _CHUNK)
            tail = os.pread(file, min(_CHUNK, end - start - len(tail)), start) + tail
        whole, newline, torn = tail.rpartition(b"\n")
        if torn:
            os.ftruncate(file, end - len(torn))
            self._say(f"{self.path}: the last line was torn by a crash, {len(torn)} bytes are cut off")
        if not newline:
            return None
        try:
            return trial_of(whole.rpartition(b"\n")[2])
        except OperatorFault as fault:
            raise OperatorFault(f"{self.path}: its last row: {fault}") from fault

    @property
    def _head_path(self) -> Path:
        return self.path.with_name(f"{self.path.name}.head")

    def _head(self) -> _Head | None:
        try:
            return msgspec.json.decode(self._head_path.read_bytes(), type=_Head)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            raise OperatorFault(f"{self._head_path}: what the newest trial was can't be read ({error})") from error

    def _write_head(self, newest: Trial) -> None:
        part = self._head_path.with_name(f".{self._head_path.name}.{os.getpid()}.part")
        with part.open("wb") as file:
            file.write(msgspec.json.encode(_Head(newest.number, newest.sha256)))
            file.flush()
            os.fsync(file.fileno())  # a head that a power cut left empty would stop every later trial
        part.replace(self._head_path)

    def _not_shortened(self, last: Trial | None, head: _Head | None) -> None:
        """A crash may lose the head's newest state, never a row: the file may be ahead of its head, not behind."""
        number = last.number if last is not None else 0
        if head is not None and (number < head.number or (last is not None and number == head.number and last.sha256 != head.sha256)):
            raise OperatorFault(f"{self.path}: {head.number} trials were recorded, {number} are there: rows were taken out at the end")


def record_trial(
    ledger: Ledger,
    *,
    what: What,
    profile: str,
    settings: Mapping[str, Any],
    base: Mapping[str, Any] | None = None,
    dates: Sequence[dt.date] = (),
    returns: Float | Sequence[float] = (),
    score: float | None = None,
    score_name: str = "",
    outcome: object = None,
    note: str = "",
) -> Trial:
    """Record one look at the data. The one call that a backtest, a walk-forward, a search trial or a training makes.

    `settings` is the tree that was run (`settings.as_tree`), `base` the committed profile's; what differs are the toggles, and a backtest
    with toggles is a trial of kind "toggle". `dates` and net `returns` (S,) are the sessions'. `outcome` is any plain value that tells two
    outcomes apart; only its hash is kept. Returns that are not finite are refused: they are no result.
    """
    values = np.asarray(returns, np.float64)
    if values.shape != (len(dates),) and values.size:
        raise OperatorFault(f"a trial of {len(dates)} sessions has {values.size} returns")
    if not np.isfinite(values).all():
        raise OperatorFault("a trial's returns hold a number that is not finite: it can't be counted, and it is no result")
    rounded = tuple(round(float(v), RETURN_DIGITS) + 0.0 for v in values)
    differs = toggles(settings, base) if base is not None else {}
    trial = Trial(
        what="toggle" if what == "backtest" and differs else what,
        profile=profile,
        settings_sha256=plain_sha256({key: value for key, value in settings.items() if key not in _PLACES}),
        toggles=differs,
        first=dates[0].isoformat() if dates else "",
        last=dates[-1].isoformat() if dates else "",
        sessions=len(dates),
        dates=tuple(d.year * 10_000 + d.month * 100 + d.day for d in dates) if rounded else (),
        returns=rounded,
        net_sharpe_daily=_sharpe(values),
        score=float(score) if score is not None and np.isfinite(score) else None,
        score_name=score_name,
        outcome_sha256=plain_sha256(outcome) if outcome is not None else plain_sha256(rounded),
        note=note,
    )
    return ledger.record(trial)


def toggles(settings: Mapping[str, Any], base: Mapping[str, Any], under: str = "") -> dict[str, str]:
    """Dotted keys in which two trees differ, with the first one's values as text; where it runs is left out."""
    found: dict[str, str] = {}
    for key in sorted({*settings, *base}):
        if not under and key in _PLACES:
            continue
        ours, theirs = settings.get(key), base.get(key)
        if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
            found |= toggles(ours, theirs, f"{under}{key}.")
        elif ours != theirs:
            found[f"{under}{key}"] = str(ours)
    return found


def _sharpe(returns: Float) -> float | None:
    """Daily, None where it isn't defined."""
    spread = float(np.ptp(returns)) if len(returns) > 1 else 0.0
    return float(returns.mean() / returns.std(ddof=1)) if spread > 0.0 else None
