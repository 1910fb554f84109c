"""Everything the engine can ask for. The shell obeys; it decides nothing."""

from __future__ import annotations

import datetime as dt

import msgspec

from tradebot.core.domain.decision import Decision
from tradebot.core.domain.orders import Fill, OrderIntent
from tradebot.core.domain.trade import Trade


class _Command(msgspec.Struct, frozen=True, tag=True):
    pass


class SubmitOrder(_Command, frozen=True):
    """Send this order once. The pump makes the intent durable first."""

    intent: OrderIntent


class ReplaceOrder(_Command, frozen=True):
    """Put this order in the place of the working one that `intent.replaces` names. Sent once, its intent durable first.

    Only prices are replaced, never the quantity. The old order may fill before it is replaced: only reports tell.
    """

    intent: OrderIntent


class CancelOrder(_Command, frozen=True):
    """Cancel a working order at the broker."""

    broker_id: str
    client_order_id: str
    reason: str


class LookUpOrder(_Command, frozen=True):
    """Find out what became of an order whose reply was lost."""

    client_order_id: str


class RecordDecision(_Command, frozen=True):
    """Keep the minute's decision: features, confidences and a reason for every symbol."""

    decision: Decision


class RecordFill(_Command, frozen=True):
    """Keep an execution."""

    fill: Fill


class RecordTrade(_Command, frozen=True):
    """Keep a trade that opened or closed (same `trade_id`, newer status wins)."""

    trade: Trade


class StartRetrain(_Command, frozen=True):
    """Train a candidate in a child process on data up to and including this session."""

    session: dt.date


class CompareBooks(_Command, frozen=True):
    """Read the broker's books now: a person wants to trade on, which takes a clean comparison."""

    reason: str


class Alert(_Command, frozen=True):
    """Tell the operator."""

    severity: str  # info | warning | critical
    message: str


Command = (
    SubmitOrder | ReplaceOrder | CancelOrder | LookUpOrder | RecordDecision | RecordFill | RecordTrade | StartRetrain | CompareBooks | Alert
)
