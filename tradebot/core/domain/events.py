"""Everything that can happen to the engine. Each event carries `ts_event_ns`, the instant at which it was known.

Events are values: msgspec writes them to the journal and reads them back unchanged (`encode_event`, `decode_event`).
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from tradebot.core.domain.bars import TAPE
from tradebot.core.domain.orders import OrderReport

BID, ASK = TAPE.index("bid"), TAPE.index("ask")

Int = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Float = npt.NDArray[np.float64]


class _Event(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    ts_event_ns: int


class MinuteClosed(_Event, frozen=True):
    """The slice of one minute: all symbols of the universe at once, the missing ones named by `present`.

    `minute_ns` labels the minute by its start; prices in units, volume in shares; arrays are (N,) in universe order. `tape` (N, 5) and
    `macro` (3,) are what else was known of the minute and of the day (domain/bars.py TAPE, MACRO); None = nothing.
    """

    minute_ns: int
    symbols: tuple[str, ...]
    open: Int
    high: Int
    low: Int
    close: Int
    volume: Int
    present: Bool
    feed: str = ""
    tape: Int | None = None
    macro: Float | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MinuteClosed) and encode_event(self) == encode_event(other)

    def __hash__(self) -> int:
        return hash((self.minute_ns, self.symbols))

    def spread_units(self, n: int) -> int:
        """The quoted spread of a symbol at the minute's start, 0 where no quote is known or it is crossed."""
        if self.tape is None:
            return 0
        bid, ask = int(self.tape[n, BID]), int(self.tape[n, ASK])
        return ask - bid if ask > bid > 0 else 0

    def anchor_units(self, n: int) -> int:
        """What a price is measured against: the middle of the quote, rounded down, or the close where no quote is known."""
        if self.tape is not None:
            bid, ask = int(self.tape[n, BID]), int(self.tape[n, ASK])
            if ask > bid > 0:
                return (bid + ask) // 2
        return int(self.close[n])


class TickKind(StrEnum):
    """The timetable's instants (SYSTEMS.md section 0)."""

    REBALANCE = "rebalance"
    SESSION_OPEN = "session_open"
    FLATTEN = "flatten"
    SESSION_CLOSE = "session_close"
    RETRAIN = "retrain"


class Tick(_Event, frozen=True):
    """A scheduled instant. `due_ns` is when it was due; `ts_event_ns` when it came."""

    kind: TickKind
    session: dt.date
    due_ns: int


class UniverseSelected(_Event, frozen=True):
    """The symbols to watch from now on, with the reason of the choice. Held symbols always stay in."""

    symbols: tuple[str, ...]
    reason: str


class ModelPromoted(_Event, frozen=True):
    """A model, already verified and loaded by the shell, decides from now on."""

    model_id: str
    manifest_sha256: str
    reason: str


class OrderReported(_Event, frozen=True):
    """The broker said something about an order."""

    report: OrderReport


class OrderRefused(_Event, frozen=True):
    """The broker refused an order for good, or it is proven that it never arrived."""

    client_order_id: str
    code: int
    reason: str


class GuardRefused(_Event, frozen=True):
    """The guard before the wire did not let an order out: it never left, and something is wrong with what decides."""

    client_order_id: str
    reason: str


class ReplyLost(_Event, frozen=True):
    """An order was sent and no usable reply came: its state is unknown until looked up."""

    client_order_id: str
    reason: str


class CancelRefused(_Event, frozen=True):
    """The broker would not cancel (already filled, already gone)."""

    broker_id: str
    reason: str


class CashPosted(_Event, frozen=True):
    """Cash that moved without a trade: fees, dividends, interest, transfers. Applied once per `activity_id`."""

    activity_id: str
    kind: str
    amount_units: int
    note: str = ""


class PositionFact(msgspec.Struct, frozen=True):
    """A position as the broker states it. `cost_units` is qty * average entry price."""

    symbol: str
    qty: int
    cost_units: int


class AccountReconciled(_Event, frozen=True):
    """The broker's books at one quiet instant. The first one of a journal opens the book; later ones are compared."""

    account_number: str
    cash_units: int
    positions: tuple[PositionFact, ...]
    blocked: str = ""  # why the broker lets nothing be traded, in words


class FeedChanged(_Event, frozen=True):
    """A feed became stale or fresh again. Stale data opens no risk."""

    feed: str
    stale: bool
    reason: str


class FeedSwitched(_Event, frozen=True):
    """From now on minutes come from another source. What features remember is of the old one and is dropped.

    `history` (oldest first, same symbols) is the new source's own past, from which they warm up at once; empty where it could not be had.
    """

    feed: str
    reason: str
    history: tuple[MinuteClosed, ...] = ()


class BarFact(msgspec.Struct, frozen=True):
    """One symbol's minute as a source told it: prices in units, volume in shares, 0 trades = not told."""

    open: int
    high: int
    low: int
    close: int
    volume: int
    trades: int = 0


class BarCorrected(_Event, frozen=True):
    """What a source said of a minute after its bar was taken, or after the minute was closed without it. Recorded; nothing is rewritten.

    `kind`: late | update | repeat | trade corrected | trade cancelled. `old` is what was taken, None where the minute had no bar or lies
    too far back; `new` is None where only a trade is named, in `note`.
    """

    symbol: str
    minute_ns: int
    source: str
    kind: str
    old: BarFact | None = None
    new: BarFact | None = None
    note: str = ""


class SymbolHalted(_Event, frozen=True):
    """Trading in a symbol was halted, or goes on, by the word of the market. `reason` is its code and its text."""

    symbol: str
    halted: bool
    reason: str


class AssetsRead(_Event, frozen=True):
    """What the broker's list of assets says against symbols of the universe: not tradable, or nobody lends them. Replaces the last."""

    untradable: tuple[str, ...]
    unshortable: tuple[str, ...]


class OperatorOrder(StrEnum):
    PAUSE = "pause"  # no new risk
    RESUME = "resume"
    FLATTEN = "flatten"  # close everything, then pause
    ADOPT = "adopt"  # the broker's books are right: ours become what it says
    HALT = "halt"  # cancel entries, and refuse until resumed; what is held keeps its protection
    KILL = "kill"  # the kill switch: cancel all, close everything, refuse until resumed


class OperatorSpoke(_Event, frozen=True):
    """A person gave an order, with a reason."""

    order: OperatorOrder
    reason: str


class DaemonStarted(_Event, frozen=True):
    """A life of the daemon began. From here on the engine decides by `config` (core/config_text.py); `program` names the code."""

    config: str
    program: str


class JobEnded(_Event, frozen=True):
    """The outcome record of a scheduled job: ran, skipped or failed, once per job and session (I24)."""

    job: str
    session: dt.date
    outcome: str
    reason: str


Event = (
    MinuteClosed
    | Tick
    | UniverseSelected
    | ModelPromoted
    | OrderReported
    | OrderRefused
    | GuardRefused
    | ReplyLost
    | CancelRefused
    | CashPosted
    | AccountReconciled
    | FeedChanged
    | FeedSwitched
    | BarCorrected
    | SymbolHalted
    | AssetsRead
    | OperatorSpoke
    | DaemonStarted
    | JobEnded
)


def encode_hook(value: Any) -> Any:
    """numpy arrays as (dtype, shape, bytes)."""
    if isinstance(value, np.ndarray):
        return [value.dtype.str, list(value.shape), value.tobytes()]
    if isinstance(value, np.generic):
        return value.item()
    raise NotImplementedError(f"cannot encode {type(value).__name__}")


def decode_hook(kind: type, value: Any) -> Any:
    """The inverse of `encode_hook`; arrays come back writable and exact."""
    dtype, shape, data = value
    return np.frombuffer(data, dtype=np.dtype(dtype)).reshape(shape).copy()


_ENCODER = msgspec.msgpack.Encoder(enc_hook=encode_hook)
_DECODER: msgspec.msgpack.Decoder[Event] = msgspec.msgpack.Decoder(Event, dec_hook=decode_hook)


def encode_event(event: Event) -> bytes:
    return _ENCODER.encode(event)


def decode_event(data: bytes) -> Event:
    """Raises msgspec.ValidationError or msgspec.DecodeError on bytes that are no event."""
    return _DECODER.decode(data)
