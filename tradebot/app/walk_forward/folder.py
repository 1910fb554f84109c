"""What a walk-forward leaves on disk, so that one that was killed goes on where it stopped.

    data/walk_forward/<profile>/<run>/plan.json      what is run: profile, data, folds; the run's name is a hash of it
                                     /fold-007.json  one fold's result, whole or absent, the same bytes wherever the fold ran
                                     /track.json     all folds joined, with what stands beside them: what the honesty report reads
                                     /models/        the models of the folds
                                     /LATEST         beside the runs: the one that was finished last

A fold's result is read again only under the plan that it was made for: another profile, other bars or another version of the code make
another run.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from pathlib import Path
from typing import Any, Final

import msgspec

from tradebot.core.domain.faults import OperatorFault
from tradebot.sim.outcome import CostWaterfall, TradeRow

PLAN: Final = "plan.json"
TRACK: Final = "track.json"
LATEST: Final = "LATEST"
_ID_CHARACTERS: Final = 12


class FoldResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fold, out of sample. Tuples by test session; money in units, returns as fractions of the session's first equity.

    `kept` is how many of its sessions count in the track record: those before the next fold's begin. `nulls` are the net returns of the
    same model's forecasts in worlds without skill, by name, one tuple for each draw.
    """

    number: int
    train_first: dt.date
    train_last: dt.date
    dates: tuple[dt.date, ...]
    kept: int
    net: tuple[float, ...]
    gross: tuple[float, ...]
    exposure: tuple[float, ...]  # mean of its minutes, as a fraction of equity
    equity_units: tuple[int, ...]  # at its end
    nulls: dict[str, tuple[tuple[float, ...], ...]]
    trades: tuple[TradeRow, ...]
    costs: CostWaterfall
    orders: int
    fills: int
    refusals: int
    model: dict[str, Any]  # kind, label, rows, metrics


class RunFolder:
    """The folder of one run. `plan` is everything that decides its results, as plain values."""

    def __init__(self, root: Path, plan: dict[str, Any]) -> None:
        text = json.dumps(plan, sort_keys=True, indent=1, default=str)
        self.run_id = hashlib.sha256(text.encode()).hexdigest()[:_ID_CHARACTERS]
        self.path = root / self.run_id
        self._text = text

    def open(self) -> None:
        """Make the folder, or find it. Raises OperatorFault where nothing can be written."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            write_whole(self.path / PLAN, self._text.encode())
        except OSError as error:
            raise OperatorFault(f"{self.path}: the run can't be written here ({error.strerror or error})") from error

    def fold_path(self, number: int) -> Path:
        return self.path / f"fold-{number:03d}.json"

    def done(self, number: int) -> FoldResult | None:
        """The result of a fold that was run before, None where there is none or it is not whole."""
        try:
            return msgspec.json.decode(self.fold_path(number).read_bytes(), type=FoldResult)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def forget(self) -> None:
        """Every fold is run anew."""
        for path in self.path.glob("fold-*.json"):
            path.unlink()

    def finish(self) -> None:
        """This is the profile's latest run."""
        write_whole(self.path.parent / LATEST, f"{self.run_id}\n".encode())


def write_fold(path: Path, result: FoldResult) -> None:
    """Whole or absent."""
    write_whole(path, msgspec.json.format(msgspec.json.encode(result), indent=1))


def latest_run(root: Path) -> Path:
    """The folder of the run that was finished last. Raises OperatorFault when there is none."""
    try:
        name = (root / LATEST).read_text().strip()
    except FileNotFoundError:
        raise OperatorFault(f"{root.name} has no walk-forward yet; make one with: tradebot walk-forward --profile {root.name}") from None
    return run_named(root, name)


def run_named(root: Path, name: str) -> Path:
    """The folder of a run by its name, or by a beginning of it that is no other's. Raises OperatorFault."""
    found = [path for path in sorted(root.glob(f"{name}*")) if (path / PLAN).is_file()] if name.isalnum() else []
    if len(found) != 1:
        known = ", ".join(path.name for path in sorted(root.glob("*")) if (path / PLAN).is_file()) or "none"
        raise OperatorFault(f"{root.name} has no single walk-forward run {name!r} (runs: {known})")
    return found[0]


def read_run(folder: Path) -> tuple[dict[str, Any], tuple[FoldResult, ...]]:
    """The plan and the folds of a run, in order. Raises OperatorFault for one that was not finished."""
    try:
        plan: dict[str, Any] = json.loads((folder / PLAN).read_bytes())
        paths = [folder / f"fold-{fold['number']:03d}.json" for fold in plan["folds"]]
        return plan, tuple(msgspec.json.decode(path.read_bytes(), type=FoldResult) for path in paths)
    except FileNotFoundError as error:
        missing = Path(str(error.filename)).name
        raise OperatorFault(f"{folder}: the run is not finished ({missing} is missing): call walk-forward again, it goes on") from None
    except (OSError, ValueError, KeyError, msgspec.DecodeError) as error:
        raise OperatorFault(f"{folder}: this is no walk-forward run ({error})") from error


def write_whole(path: Path, data: bytes) -> None:
    """A file that is there with all of its bytes, or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_bytes(data)
    part.replace(path)
