"""Commands on the versions of a profile's model: list, show, compare, promote, rollback, export, mirror."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from tradebot.cli.options import DEFAULT_PROFILE, AsJson, Bars, Profile
from tradebot.cli.progress import showing_progress
from tradebot.cli.show import show
from tradebot.core.domain.faults import OperatorFault

commands = typer.Typer(no_args_is_help=True, help="Versions of a profile's model, and which one trades.")

REASON_MAX: Final = 40

Version = Annotated[str, typer.Argument(help="A version, or the beginning of its name.", metavar="VERSION")]
OptionalVersion = Annotated[
    str, typer.Argument(help="A version, or the beginning of its name; by default the one that trades.", metavar="[VERSION]")
]


@commands.command("list")
def list_(profile: Profile = DEFAULT_PROFILE, as_json: AsJson = False) -> None:
    """List versions, newest first: what each is, its figures out of sample, which one trades, and why."""
    from tradebot import app

    rows = app.list_models(profile)
    show(rows if as_json else [_short(row) for row in rows], as_json)


@commands.command("show")
def show_(version: OptionalVersion = "", profile: Profile = DEFAULT_PROFILE, as_json: AsJson = False) -> None:
    """Show all that is known of a version. Its files are verified first."""
    from tradebot import app

    show(app.show_model(profile, version), as_json)


@commands.command()
def compare(
    first: Annotated[str, typer.Argument(help="A version, or the beginning of its name.", metavar="A")],
    second: Annotated[str, typer.Argument(help="Another.", metavar="B")],
    profile: Profile = DEFAULT_PROFILE,
    as_json: AsJson = False,
) -> None:
    """Put the figures of two versions side by side. Refuses when they learned different labels."""
    from tradebot import app

    show(app.compare_models(profile, first, second), as_json)


@commands.command()
def promote(
    version: Version,
    reason: Annotated[str, typer.Option("--reason", help="Why; it goes into the history.")],
    force: Annotated[bool, typer.Option("--force", help="Past the gate; the history says so.")] = False,
    profile: Profile = DEFAULT_PROFILE,
    bars: Bars = None,
    as_json: AsJson = False,
) -> None:
    """Make a version the one that trades. It has to pass the gate: better than the one that trades, net, on rows that neither has seen."""
    from tradebot import app

    _said(reason)
    with showing_progress(quiet=as_json) as progress:
        report = app.promote_model(profile, version, reason=reason, force=force, bars=bars, progress=progress)
    show(report, as_json)


@commands.command()
def rollback(
    reason: Annotated[str, typer.Option("--reason", help="Why; it goes into the history.")],
    profile: Profile = DEFAULT_PROFILE,
    as_json: AsJson = False,
) -> None:
    """Go back to the version that traded before the one that trades."""
    from tradebot import app

    _said(reason)
    show(app.roll_back_model(profile, reason), as_json)


@commands.command()
def export(
    version: OptionalVersion = "",
    onnx: Annotated[Path | None, typer.Option("--onnx", help="The ONNX file to write.", metavar="FILE")] = None,
    profile: Profile = DEFAULT_PROFILE,
    bars: Bars = None,
    as_json: AsJson = False,
) -> None:
    """Write a version as an ONNX file, scaler and feature list inside, checked equal to the served model."""
    from tradebot import app

    if onnx is None:
        raise OperatorFault("say where to: tradebot models export VERSION --onnx FILE")
    show(app.export_model(profile, version, onnx, bars=bars), as_json)


@commands.command()
def mirror(
    mlflow: Annotated[
        str, typer.Option("--mlflow", help="Where MLflow tracks, e.g. sqlite:///mlflow.db or http://host:5000.", metavar="URI")
    ],
    version: Annotated[str, typer.Argument(help="A version, or the beginning of its name; by default all.", metavar="[VERSION]")] = "",
    profile: Profile = DEFAULT_PROFILE,
    as_json: AsJson = False,
) -> None:
    """Copy what manifests say into MLflow: parameters, metrics, and the manifest itself. What is there already is left alone."""
    from tradebot import app

    show(app.mirror_models(profile, version, mlflow), as_json)


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """A row that a terminal can hold: the name tells when a version was made, `show` tells the whole reason."""
    reason = str(row.get("reason", ""))
    rest = {key: value for key, value in row.items() if key not in ("made", "reason")}
    return rest | {"reason": reason if len(reason) <= REASON_MAX else reason[: REASON_MAX - 3] + "..."}


def _said(reason: str) -> None:
    if not reason.strip():
        raise OperatorFault("--reason is empty: say why, the history keeps it")
