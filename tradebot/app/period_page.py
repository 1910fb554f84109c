"""A period's report as a page: the same values as `tradebot report` prints, each list a table."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_S, usd_text
from tradebot.view.report.content import Table
from tradebot.view.report.tables_page import write_tables_page

_ZONE: Final = ZoneInfo("America/New_York")  # of the exchange
_SECTIONS: Final = (
    ("Summary", (("report", "The period"), ("positions", "Positions"))),
    ("Is there an edge?", (("honesty", "The latest walk-forward"),)),
    (
        "Attribution",
        (("by_strategy", "By strategy"), ("by_symbol", "By symbol"), ("by_hour", "By hour of entry"), ("by_end", "By what ended it")),
    ),
    ("Costs", (("costs", "What trading cost"),)),
    ("Model", (("model", "Forecasts"), ("calibration", "Confidence and what came of it"), ("drift", "Drift"))),
    ("Safety and jobs", (("safety", "Out of the ordinary"), ("jobs", "Jobs"))),
    ("Trades", (("trades", "Trades"),)),
)


def write_page(path: Path, told: Mapping[str, Any]) -> None:
    """Raises OperatorFault where nothing can be written."""
    about = told["report"]
    when = about["first_day"] if about["first_day"] == about["last_day"] else f"{about['first_day']} to {about['last_day']}"
    sections = [(name, [table for key, caption in parts for table in _tables(caption, told[key])]) for name, parts in _SECTIONS]
    try:
        write_tables_page(path, f"{about['profile']}, {when}", sections)
    except OSError as error:
        raise OperatorFault(f"{path}: the page can't be written ({error.strerror or error})") from error


def _tables(caption: str, part: Any) -> list[Table]:
    """A mapping as pairs, its lists as tables of their own; a list as rows."""
    if isinstance(part, Mapping):
        lists = {key: value for key, value in part.items() if _is_rows(value)}
        pairs = [_named(key, value) for key, value in part.items() if key not in lists]
        return [Table(caption, ("", ""), pairs), *(Table(key, *_rows(value)) for key, value in lists.items())]
    return [Table(caption, *_rows(part))]


def _is_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)


def _rows(rows: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    keys = tuple(dict.fromkeys(key for row in rows for key in row)) or ("none",)
    return tuple(_named(key, "")[0] for key in keys), [tuple(_named(key, row.get(key))[1] for key in keys) for row in rows]


def _named(key: str, value: Any) -> tuple[str, str]:
    """Label and text: units of 1e-4 dollars as dollars, nanoseconds as exchange wall time."""
    label = key.removesuffix("_units").removesuffix("_ns").replace("_", " ")
    match value:
        case None | "" | [] | ():
            return label, "-"
        case bool():
            return label, "yes" if value else "no"
        case int() if key.endswith("_units"):
            return label, usd_text(value)
        case int() if key.endswith("_ns"):
            return label, f"{dt.datetime.fromtimestamp(value // NS_PER_S, _ZONE):%Y-%m-%d %H:%M:%S}"
        case float() if key.endswith("_usd"):
            return label, f"{value:,.2f}"
        case float():
            return label, f"{value:,.4g}" if math.isfinite(value) else "none"
        case list() | tuple():
            return label, ", ".join(map(str, value))
        case _:
            return label, str(value)
