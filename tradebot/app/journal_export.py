"""`export`: trades, fills or decisions of the journal as CSV, Parquet or JSON.

A trade has the keys of the trade log that the systems were specified with (SYSTEMS.md section 0, seed 001). Prices are dollars per share,
averages to 1e-4; `pnl_amount` is dollars before fees, exact; `pnl_pct` a fraction of the entry (0.0249 = 2.49 percent). Times are
exchange wall time with its offset.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from tradebot.app.journal import journal_url
from tradebot.app.replay import span
from tradebot.app.table_file import FORMATS, write_table
from tradebot.core.domain.decision import Decision
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.orders import Fill
from tradebot.core.domain.trade import Trade
from tradebot.core.domain.units import NS_PER_S, UNITS_PER_USD
from tradebot.settings import load_settings, read_environment
from tradebot.settings.files import nearest
from tradebot.shell.store.day import span_text
from tradebot.shell.store.explained import decided, fills_between, trades_between
from tradebot.shell.store.reads import reading

Row = dict[str, Any]
_FOR_EVER_NS: Final = 2**63 - 1


def export_journal(
    profile: str, what: str, file: Path, *, kind: str | None = None, first: dt.date | None = None, last: dt.date | None = None,
    path: Path | None = None, replace: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Write `what` (trades | fills | decisions) of the days from `first` to `last`, by default all; the format is the file's ending.

    Raises OperatorFault for an unknown kind or format, days without any, a file that is there (unless `replace`) or can't be written.
    """
    settings = load_settings(profile, read_environment())
    if what not in _ROWS:
        raise OperatorFault(f"there is no export of {what!r}: there are {', '.join(_ROWS)}{nearest(what, list(_ROWS))}")
    chosen = kind or file.suffix.removeprefix(".") or "csv"
    if chosen not in FORMATS:
        raise OperatorFault(f"there is no format {chosen!r}: there are {', '.join(FORMATS)}{nearest(chosen, list(FORMATS))}")
    if first and last and first > last:
        raise OperatorFault(f"--first {first} is after --last {last}")
    if file.exists() and not replace:
        raise OperatorFault(f"{file} is there already: name another file or say --replace")
    first_ns = span(settings, first)[0] if first else 0
    end_ns = span(settings, last)[1] if last else _FOR_EVER_NS
    url = journal_url(profile, path)
    with reading(url) as connection:
        rows = _ROWS[what](connection, first_ns, end_ns, ZoneInfo(settings.timetable.zone))
        written = write_table(rows, what, chosen, file)
    if not written:
        raise OperatorFault(f"the journal holds no {what} of these days: {span_text(url)}")
    return {"what": what, "rows": written, "format": chosen, "file": str(file), "bytes": file.stat().st_size}


def trade_row(trade: Trade, zone: ZoneInfo) -> Row:
    """The seed's trade record, and after it what the seed has no key for. While a trade is open its exit is None."""
    closed = trade.exit_qty > 0
    return {
        "symbol": trade.symbol,
        "side": trade.side.value.upper(),
        "qty": trade.qty,
        "entry_price": _price(trade.entry_units, trade.qty),
        "entry_time": _time(trade.entry_ns, zone),
        "confidence": _known(trade.confidence),
        "stop_loss": trade.stop_units / UNITS_PER_USD if trade.stop_units else None,
        "take_profit": trade.target_units / UNITS_PER_USD if trade.target_units else None,
        "status": trade.status,
        "exit_price": _price(trade.exit_units, trade.exit_qty) if closed else None,
        "exit_time": _time(trade.exit_ns, zone) if closed else None,
        "pnl_pct": trade.pnl_fraction,
        "pnl_amount": trade.pnl_units / UNITS_PER_USD,
        "trade_id": trade.trade_id,
        "exit_reason": trade.exit_reason,
    }


def fill_row(fill: Fill, zone: ZoneInfo) -> Row:
    return {
        "time": _time(fill.ts_event_ns, zone),
        "symbol": fill.symbol,
        "side": fill.side.value.upper(),
        "qty": fill.qty,
        "price": fill.price_units / UNITS_PER_USD,
        "notional": fill.notional_units / UNITS_PER_USD,
        "role": fill.role.value,
        "client_order_id": fill.client_order_id,
        "fill_id": fill.fill_id,
    }


def decision_rows(decision: Decision, zone: ZoneInfo) -> Iterator[Row]:
    """A row for each symbol, the reason for no trade included. Unknown numbers are None, unknown features are left out."""
    thoughts, sizes = decision.thoughts, {size.symbol: size for size in decision.sizes}
    for n, symbol in enumerate(decision.symbols):
        size = sizes.get(symbol)
        yield {
            "minute": _time(decision.minute_ns, zone),
            "decided": _time(decision.ts_event_ns, zone),
            "symbol": symbol,
            "model_id": decision.model_id,
            "regime": thoughts.regimes[n] if thoughts is not None else "",
            "arm": thoughts.arms[n] if thoughts is not None else "",
            "confidence": _known(float(decision.confidence[n])),
            "threshold": decision.threshold,
            "price": int(decision.price_units[n]) / UNITS_PER_USD,
            "shares_sized": size.shares if size is not None else 0,
            "qty": int(decision.qty[n]),
            "reason": decision.reasons[n],
            "order_id": decision.order_ids[n],
            "decision_id": decision.decision_id,
            "features": _numbers(decision.feature_names, decision.features[n]),
            "signals": _numbers(thoughts.strategies, thoughts.signals[n]) if thoughts is not None else {},
            "weights": _numbers(thoughts.strategies, thoughts.weights[n]) if thoughts is not None else {},
            "factors": dict(size.factors) if size is not None else {},
        }


def _trades(connection: Connection, first_ns: int, end_ns: int, zone: ZoneInfo) -> Iterator[Row]:
    return (trade_row(trade, zone) for trade in trades_between(connection, first_ns, end_ns))


def _fills(connection: Connection, first_ns: int, end_ns: int, zone: ZoneInfo) -> Iterator[Row]:
    return (fill_row(fill, zone) for fill in fills_between(connection, first_ns, end_ns))


def _decisions(connection: Connection, first_ns: int, end_ns: int, zone: ZoneInfo) -> Iterator[Row]:
    return (row for _, decision in decided(connection, first_ns, end_ns) for row in decision_rows(decision, zone))


_ROWS: Final[dict[str, Callable[[Connection, int, int, ZoneInfo], Iterator[Row]]]] = {
    "trades": _trades,
    "fills": _fills,
    "decisions": _decisions,
}


def _price(notional_units: int, qty: int) -> float:
    """Dollars per share, to the nearest unit."""
    return (2 * notional_units + qty) // (2 * qty) / UNITS_PER_USD


def _time(ts_ns: int, zone: ZoneInfo) -> str:
    """ "2026-02-14T10:35:00-05:00", with milliseconds where there are some."""
    seconds, rest_ns = divmod(ts_ns, NS_PER_S)
    whole = dt.datetime.fromtimestamp(seconds, zone) + dt.timedelta(microseconds=rest_ns // 1_000)
    return whole.isoformat()


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _numbers(names: tuple[str, ...], values: Any) -> dict[str, float]:
    return {name: float(value) for name, value in zip(names, values, strict=False) if math.isfinite(value)}
