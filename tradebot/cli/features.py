"""Commands on the feature catalogue and its store: list, show, verify, build, latest, quality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from tradebot.cli.options import DAY, DEFAULT_PROFILE, AsJson, Bars, OptionalDay, Profile
from tradebot.cli.progress import showing_progress
from tradebot.cli.show import show
from tradebot.core.domain.faults import OperatorFault

commands = typer.Typer(no_args_is_help=True, help="The features: what they are, proofs of them, and their store.")

Symbols = Annotated[list[str] | None, typer.Option("--symbols", help="Only these, e.g. SPY,BAC; all by default.", metavar="A,B")]
COLUMNS_MAX = 8  # symbols side by side on a terminal


@commands.command("list")
def list_(
    family: Annotated[str, typer.Option("--family", help="Only this family.", metavar="NAME")] = "",
    set_name: Annotated[str, typer.Option("--set", help="Only this set, in its order.", metavar="NAME")] = "",
    scale_free: Annotated[bool, typer.Option("--scale-free", help="Only those that transfer between price levels.")] = False,
    as_json: AsJson = False,
) -> None:
    """List features: family, unit, warm-up, version and formula; then their count and schema hash."""
    from tradebot import app

    report = app.list_features(family, set_name, scale_free)
    _table_then_rest(report, "features", as_json)


@commands.command("show")
def show_(
    name: Annotated[str, typer.Argument(help="A feature's name.")],
    profile: Profile = DEFAULT_PROFILE,
    bars: Bars = None,
    symbol: Annotated[str, typer.Option("--symbol", help="Whose values; the folder's first by default.")] = "",
    day: Annotated[OptionalDay, typer.Option("--day", formats=DAY, help="Of this session; the last by default.")] = None,
    last: Annotated[int, typer.Option("--last", "-n", min=0, help="How many of its last values.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Show all that is known of one feature: formula, source, inputs, range, lineage; and its last values where there are bars."""
    from tradebot import app

    show(app.show_feature(name, profile=profile, bars=bars, symbol=symbol, day=day.date() if day else None, last=last), as_json)


@commands.command()
def verify(
    profile: Profile = DEFAULT_PROFILE,
    bars: Bars = None,
    symbols: Symbols = None,
    sessions: Annotated[int, typer.Option("--sessions", min=1, help="How many sessions are replayed minute by minute.")] = 20,
    everything: Annotated[bool, typer.Option("--all", help="Replay every session.")] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Chooses sessions, and minutes to restore at.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Prove the features on any bars: scan, steps, prefix, restored memory, two starts, ranges. Exit code 1 names the first difference."""
    from tradebot import app

    with showing_progress(quiet=as_json) as progress:
        report = app.verify_features(
            profile=profile,
            bars=bars,
            symbols=_split(symbols),
            sessions=sessions,
            everything=everything,
            seed=seed,
            progress=progress,
        )
    show(report, as_json)
    if report["difference"] is not None:
        raise OperatorFault(report["verdict"])


@commands.command()
def build(
    profile: Profile = DEFAULT_PROFILE,
    bars: Bars = None,
    first: Annotated[OptionalDay, typer.Option("--first", formats=DAY, help="First session to store; the first of the bars.")] = None,
    last: Annotated[OptionalDay, typer.Option("--last", formats=DAY, help="Last session to store; the last of the bars.")] = None,
    as_json: AsJson = False,
) -> None:
    """Store the features of every session that is missing. Call it again to go on where it stopped."""
    from tradebot import app

    with showing_progress(quiet=as_json) as progress:
        report = app.build_features(
            profile, bars=bars, first=first.date() if first else None, last=last.date() if last else None, progress=progress
        )
    show(report, as_json)


@commands.command()
def latest(profile: Profile = DEFAULT_PROFILE, symbols: Symbols = None, as_json: AsJson = False) -> None:
    """Show each symbol's newest row: the running daemon's, else the store's."""
    from tradebot import app

    report = app.latest_features(profile, _split(symbols))
    if as_json:
        show(report, as_json)
        return
    rows = report["rows"][:COLUMNS_MAX]
    names = rows[0]["values"] if rows else ()
    show([{"feature": name, **{row["symbol"]: row["values"][name] for row in rows}} for name in names], as_json)
    rest = {row["symbol"]: f"{row['minute']}, {row['bars_seen']} bars seen" for row in rows}
    show({"source": report["source"], **rest} | ({"symbols": len(report["rows"])} if len(report["rows"]) > len(rows) else {}), as_json)


@commands.command()
def quality(
    profile: Profile = DEFAULT_PROFILE,
    bars: Bars = None,
    sessions: Annotated[int, typer.Option("--sessions", min=1, help="How many of the last sessions are looked at.")] = 5,
    as_json: AsJson = False,
) -> None:
    """Show each feature's missing share, staleness in minutes, and drift against training: PSI above 0.1 is flagged."""
    from tradebot import app

    with showing_progress(quiet=as_json) as progress:
        report = app.feature_quality(profile, bars=bars, sessions=sessions, progress=progress)
    _table_then_rest(report, "features", as_json)


def _table_then_rest(report: dict[str, Any], table: str, as_json: bool) -> None:
    """A long table first: what sums it up stands where the eye is when it has passed."""
    if as_json:
        show(report, as_json)
        return
    show(report[table], as_json)
    show({key: value for key, value in report.items() if key != table}, as_json)


def _split(symbols: Sequence[str] | None) -> tuple[str, ...]:
    """`--symbols A,B --symbols C` as three."""
    return tuple(s for part in symbols or () for s in part.replace(",", " ").split())
