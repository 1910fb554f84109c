"""What a result is worth: `honesty`, and the ledger of trials."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tradebot.cli.options import DEFAULT_PROFILE, AsJson, Profile
from tradebot.cli.show import show

if TYPE_CHECKING:
    from tradebot.learning.evidence.report import HonestyReport

trials = typer.Typer(no_args_is_help=True, help="The ledger of trials: how often the data were looked at.")


def honesty(
    profile: Profile = DEFAULT_PROFILE,
    run: Annotated[str, typer.Option("--run", help="A walk-forward by its name or the beginning of it; the latest.", metavar="ID")] = "",
    html: Annotated[Path | None, typer.Option("--html", help="Also write it as a page with the run's charts.", metavar="FILE")] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether a walk-forward shows an edge. NO EVIDENCE, PROMISING or EVIDENCE, with the first reason."""
    from tradebot import app

    show_report(app.judge(profile, run=run, html=html, say=_say), as_json)


def show_report(report: HonestyReport, as_json: bool) -> None:
    """JSON, or tables whose last lines are the verdict."""
    tree = report.plain()
    if as_json:
        show(tree, as_json)
        return
    verdict = tree.pop("verdict")
    refused = tree.pop("sharpe_refused")
    sections: dict[str, Any] = {key: value for key, value in tree.items() if value not in ({}, [])}
    if refused:
        sections["sharpe"] = {"not shown": refused}
    show(sections, as_json)
    show([gate | {"sentence": "" if gate["passed"] else gate["sentence"]} for gate in verdict["gates"]], as_json, "gates")
    show({"verdict": verdict["word"], "reason": verdict["reason"]}, as_json)


@trials.command("list")
def list_(
    profile: Profile = DEFAULT_PROFILE,
    everyone: Annotated[bool, typer.Option("--all", help="Every profile in the ledger.")] = False,
    as_json: AsJson = False,
) -> None:
    """List trials, oldest first: what was run, on which days, with which toggles; then how many are independent."""
    from tradebot import app

    report = app.list_trials(profile, everyone=everyone, say=_say)
    if as_json:
        show(report, as_json)
        return
    show(report.pop("trials"), as_json)
    show(report, as_json)


@trials.command()
def verify(profile: Profile = DEFAULT_PROFILE, as_json: AsJson = False) -> None:
    """Check that every row is as it was written, in its place. Exit code 1 names the first that is not."""
    from tradebot import app

    show(app.verify_trials(profile, say=_say), as_json)


def _say(line: str) -> None:
    typer.echo(line, err=True)
