"""Numbers of an outcome that a report prints: summary, attribution, trades and the cost waterfall, as tables."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Sequence
from zoneinfo import ZoneInfo

import numpy as np

from tradebot.core.domain.bars import Float
from tradebot.core.domain.units import NS_PER_S, UNITS_PER_USD
from tradebot.sim.benchmarks import Benchmark
from tradebot.sim.outcome import Outcome, TradeRow
from tradebot.view.report.content import Table

_ZONE = ZoneInfo("America/New_York")


def dollars(units: float) -> str:
    """Dollars and cents with a sign where negative: -12_345_600 -> "-1,234.56"."""
    return f"{units / UNITS_PER_USD:,.2f}"


def percent(fraction: float) -> str:
    return f"{fraction:+.2%}"


def local_time(ts_ns: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(ts_ns / NS_PER_S, _ZONE)


def drawdown(outcome: Outcome) -> Float:
    """(T,) fraction below the highest equity so far, the starting cash included; 0 or negative."""
    equity = outcome.equity_units.astype(np.float64)
    top = np.maximum(np.maximum.accumulate(equity), outcome.start_units) if len(equity) else equity
    fall: Float = equity / top - 1.0
    return fall


def summary_table(outcome: Outcome, benchmarks: Sequence[Benchmark]) -> Table:
    closed = [t for t in outcome.trades if not t.is_open]
    won, lost = [t for t in closed if net_units(t) > 0], [t for t in closed if net_units(t) <= 0]
    traded_units = sum(t.qty * (t.entry_units + (0 if t.is_open else t.exit_units)) for t in outcome.trades)
    exposure = outcome.exposure_units / np.maximum(outcome.equity_units, 1)
    rows = [
        ("Net profit", f"{dollars(outcome.end_units - outcome.start_units)} USD"),
        ("Net return", percent(outcome.return_fraction)),
        *((f"{b.name.capitalize()}, return before cost", percent(b.equity_units[-1] / outcome.start_units - 1.0)) for b in benchmarks),
        ("Largest drawdown", percent(float(drawdown(outcome).min(initial=0.0)))),
        ("Worst session, best session", _worst_and_best(outcome)),
        ("Exposure, mean and most", f"{_mean(exposure):.1%}, {float(exposure.max(initial=0.0)):.1%} of equity"),
        ("Turnover", f"{traded_units / max(outcome.start_units, 1):.1f} times the starting cash"),
        ("Sessions", f"{len(outcome.sessions):,}"),
        ("Trades closed, still open", f"{len(closed):,}, {len(outcome.trades) - len(closed):,}"),
        ("Trades won, net of fees", f"{len(won) / len(closed):.1%}" if closed else "none closed"),
        ("Average win, average loss", f"{_average(won)}, {_average(lost)} USD"),
        ("Orders, fills, refusals", f"{outcome.orders:,}, {outcome.fills:,}, {outcome.refusals:,}"),
        ("Cash at the end", f"{dollars(outcome.cash_units)} USD"),
    ]
    return Table("Summary", ("Figure", "Value"), rows)


def waterfall_table(outcome: Outcome) -> Table:
    rows = [(name, dollars(units), _of_start(units, outcome)) for name, units in waterfall_steps(outcome)]
    return Table(
        "Costs, from gross to net",
        ("Step", "USD", "of the starting cash"),
        rows,
        "Gross is what the same shares, bought and sold at the same moments, earned at the middle price.",
    )


def waterfall_steps(outcome: Outcome) -> tuple[tuple[str, int], ...]:
    """Gross, each cost as a negative number, net: units."""
    costs = outcome.costs
    return (
        ("Gross", costs.gross_units),
        ("Spread", -costs.spread_units),
        ("Fees", -costs.fees_units),
        ("Impact", -costs.impact_units),
        ("Borrow", -costs.borrow_units),
        ("Net", costs.net_units),
    )


def attribution(caption: str, head: str, outcome: Outcome, group_of: Callable[[TradeRow], str]) -> Table:
    """Trades by what led them, the largest earner first."""
    groups: dict[str, list[TradeRow]] = defaultdict(list)
    for trade in outcome.trades:
        groups[group_of(trade) or "not named"].append(trade)
    rows = []
    for name, trades in sorted(groups.items(), key=lambda item: (-sum(net_units(t) for t in item[1]), item[0])):
        nets = [net_units(t) for t in trades]
        won = sum(net > 0 for net in nets) / len(nets)
        rows.append((name, f"{len(nets):,}", dollars(sum(nets)), f"{won:.1%}", dollars(sum(nets) / len(nets)), f"{_held_min(trades):,.0f}"))
    return Table(caption, (head, "Trades", "Net USD", "Won", "Net a trade, USD", "Minutes held"), rows)


def trades_table(outcome: Outcome, rows_max: int) -> Table:
    shown = outcome.trades[:rows_max]
    rows = [
        (
            f"{local_time(t.entry_ns):%Y-%m-%d %H:%M}",
            "open" if t.is_open else f"{local_time(t.exit_ns):%Y-%m-%d %H:%M}",
            t.symbol,
            f"{t.qty:,}",
            dollars(t.entry_units),
            "" if t.is_open else dollars(t.exit_units),
            dollars(net_units(t)),
            t.strategy or "",
            t.regime or "",
            t.reason or "",
            f"{t.confidence:.2f}",
        )
        for t in shown
    ]
    left_out = len(outcome.trades) - len(shown)
    note = f"The first {len(shown):,} of {len(outcome.trades):,} trades; the figures above count all of them." if left_out else ""
    head = ("Entry", "Exit", "Symbol", "Shares", "Paid", "Got", "Net USD", "Strategy", "Regime", "Closed by", "Confidence")
    return Table("Trades, times in New York", head, rows, note)


def net_units(trade: TradeRow) -> int:
    """Profit of a trade after spread and its share of the fees."""
    return trade.pnl_units - trade.fees_units


def _held_min(trades: Sequence[TradeRow]) -> float:
    held = [t.exit_ns - t.entry_ns for t in trades if not t.is_open]
    return sum(held) / len(held) / (60 * NS_PER_S) if held else 0.0


def _average(trades: Sequence[TradeRow]) -> str:
    return dollars(sum(net_units(t) for t in trades) / len(trades)) if trades else "none"


def _mean(values: Float) -> float:
    return float(values.mean()) if len(values) else 0.0


def _worst_and_best(outcome: Outcome) -> str:
    returns = outcome.session_returns()
    return f"{percent(float(returns.min()))}, {percent(float(returns.max()))}" if len(returns) else "none"


def _of_start(units: int, outcome: Outcome) -> str:
    return f"{units / max(outcome.start_units, 1):+.3%}"
