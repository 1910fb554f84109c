"""What the scan reads, remembers and writes: named tuples of arrays and columns of integer tables. Money in units, times in UTC ns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tradebot.core.risk.limits.numbers import Rules as LimitRules

if TYPE_CHECKING:
    from tradebot.sim.scan.sizes import SizeRules

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


class Bars(NamedTuple):
    """The market that is traded, (T, N) each; `bid` and `ask` are (0, 0) where no bar has a quote. `sigma`, `adv` (S, N): sim/impact.py."""

    open: Int
    high: Int
    low: Int
    close: Int
    bid: Int
    ask: Int
    present: Bool
    sigma: Float
    adv: Float


class Sizes(NamedTuple):
    """What sizes read at each minute: `seen` (T, N, 3) of core/portfolio/volatility.py, `evidence` (T, N, W) of evidence.py, correlations
    (T, N (N - 1) / 2), row by row below the diagonal. Empty where the profile's sizes don't ask.
    """

    seen: Float
    evidence: Float
    correlations: Float


class Risk(NamedTuple):
    """What each traded session knows of the sessions before it (core/risk/history.py), and room to work; empty where no limit asks."""

    returns: Float  # (S, T, N), the first `sessions` rows of each
    sessions: Int  # (S,) how many are known
    known: Bool  # (S, N)
    variances: Float  # (S, N)
    shrinkage: Float  # (S,)
    weights: Float  # (T + 1, T): row k are those of k sessions
    values: Float  # (N,) scratch
    losses: Float  # (T,) scratch
    z: float
    unknown_volatility: float
    confidence: float


class Wishes(NamedTuple):
    """What is thought and known of symbols, (T, N) each: see `fast_backtest`. `exits` is (0, 0) where nothing is ever closed by opinion.

    `spread` are the quoted spreads that decisions see, 0 = none; (0, 0) where nobody asks for them.
    """

    conviction: Float
    valid: Bool
    exits: Bool
    spread: Int
    anchor: Int  # what prices are measured against; (0, 0) where that is the close everywhere
    sector: Int  # (N,) each symbol's sector; (0,) where no limit asks
    group: Int  # (S, N) the symbols that a symbol moves with; (0, 0) where no limit asks
    risk: Risk
    sizes: Sizes


class Days(NamedTuple):
    """(S,) each: rows of a session are `first` to `end`."""

    first: Int
    end: Int
    open_ns: Int
    close_ns: Int
    flatten_ns: Int


class Rules(NamedTuple):
    """The profile's and the venue's numbers. Fees are `num / den` of a cent a unit sold, and a share sold."""

    confidence_min: float
    price_units_min: int
    price_units_max: int
    sizing: SizeRules
    limits: LimitRules
    stop_fraction: float
    target_fraction: float
    order_interval_s_min: float
    grace_ns: int
    half_spread: int  # millionths of a basis point
    margin_multiplier: int
    sec_num: int
    sec_den: int
    taf_num: int
    taf_den: int
    impact_y: float
    entry_style: int  # core/execution/order_type.py
    limit_band_bps: float
    wide_spread_bps: float
    patience_ns: int
    reprice_max: int
    day_loss_kills: bool  # core/risk/breaker.py
    drawdown_fraction_max: float


# Columns of the book (N, BOOK_WIDTH).
QTY = 0
COST = 1
STOP_PRICE = 2
TARGET_PRICE = 3
LEGS = 4  # 1: stop and target rest at the venue
WANT = 5  # shares of an entry that waits for its symbol's next bar
REFERENCE = 6  # the price that its decision saw
EXIT = 7  # an exit that waits: NO_EXIT, RESTING for the next bar, QUEUED for the next open
CLOSING = 8  # why the position is being closed, 0 = it isn't
ATTEMPTS = 9
LOCKED = 10
PLACE = 11  # in the list of busy symbols, -1 = free
DECIDED = 12  # row of the entry's decision
TRADE = 13  # row of the trade
WHY_ROW = 14  # row of the decision to close
WHY_MARK = 15  # the mark that it saw
LIMIT = 16  # of an entry that waits, 0 = at the market
DECIDED_NS = 17  # when the entry was decided
UNFILLED = 18  # entries in a row that were taken back unfilled, of this session
ASKED_NS = 19  # when the symbol's last entry was decided
BOOK_WIDTH: Final = 20

NO_EXIT, RESTING, QUEUED = 0, 1, 2

# Why a trade ended; STOP and TARGET of core.execution.exits are 1 and 2.
FORECAST = 3
FLAT = 4
REBALANCE = 5
WATCH = 6
KILLED = 7

# The account (ACCOUNT_WIDTH,).
CASH = 0
SOLD_UNITS = 1  # of this session
SOLD_SHARES = 2
SPREAD = 3
FEES = 4
ORDERS = 5
FILLS = 6
REFUSALS = 7
LAST_ENTRY_NS = 8
DAY_START = 9
BUSY = 10  # symbols in the list
TRADES = 11
ROW = 12  # where to go on
SESSION = 13
IMPACT = 14
SAFETY = 15  # core.state.Safety by its place: ACTIVE, REDUCING, HALTED
HIGH_WATER = 16
TRIP_EQUITY = 17  # what the kill switch saw
TRIP_START = 18
ASKED_LAST_NS = 19  # when an entry was decided last, of whatever symbol
ASKED_ORDERS = 20  # how many then, and their worth at worst
ASKED_UNITS = 21
ACCOUNT_WIDTH: Final = 22

ACTIVE, REDUCING, HALTED = 0, 1, 2

# A trade (M, TRADE_WIDTH).
T_SYMBOL = 0
T_QTY = 1
T_DECIDED = 2
T_ENTRY_NS = 3
T_ENTRY = 4  # notional
T_EXIT_NS = 5
T_EXIT = 6
T_SPREAD = 7  # and impact
T_WHY = 8
T_WHY_ROW = 9
T_WHY_MARK = 10
T_SESSION = 11  # of the exit
TRADE_WIDTH: Final = 12

# The log (M, LOG_WIDTH) of orders and fills: time, symbol, signed shares, price (0 = an order), the path's price.
LOG_WIDTH: Final = 5


class Book(NamedTuple):
    """All that the scan remembers and writes. It is moved on in place."""

    rows: Int  # (N, BOOK_WIDTH)
    marks: Int  # (N,) last close
    busy: Int  # (N,) symbols held, working or being closed, the first account[BUSY] of it
    queue: Int  # (N,) candidates of a minute
    shares: Int  # (N,) their size
    limits: Int  # (N,) and their limits
    units: Int  # (N,) what is held, working or asked for, where sizes depend on it
    account: Int  # (ACCOUNT_WIDTH,)
    equity: Int  # (T,)
    exposure: Int  # (T,)
    fees: Int  # (S,)
    sold: Int  # (S,) notional


def new_book(symbols: int, minutes: int, sessions: int, cash_units: int) -> Book:
    """Nothing held."""
    rows = np.zeros((symbols, BOOK_WIDTH), np.int64)
    rows[:, PLACE] = -1
    account = np.zeros(ACCOUNT_WIDTH, np.int64)
    account[CASH] = cash_units
    account[LAST_ENTRY_NS] = -(1 << 62)
    marks, busy, queue, shares, limits, units = (np.zeros(symbols, np.int64) for _ in range(6))
    return Book(
        rows, marks, busy, queue, shares, limits, units, account,
        np.empty(minutes, np.int64), np.empty(minutes, np.int64), np.zeros(sessions, np.int64), np.zeros(sessions, np.int64),
    )  # fmt: skip
