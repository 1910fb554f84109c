"""The leading strategy's record, as sizes read it (core/portfolio/evidence.py): one minute's or a history's, bit for bit alike."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tradebot.core.opinions.playbook import Playbook
from tradebot.core.portfolio import evidence
from tradebot.core.portfolio.memory import SizingState
from tradebot.core.selection import turns
from tradebot.core.selection.performance import MEAN
from tradebot.core.selection.weights import bars_effective, variance
from tradebot.core.strategies.gates import GATE_INPUTS

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]


def evidence_of(leading: Int, record: Float, strength: Float | None, memory: SizingState) -> Float:
    """(..., WIDTH) from the leading strategy's place (...), its row of the ledger (..., LEDGER_WIDTH), the feature signal_strength and the
    session's shares of the strategies.
    """
    out = np.zeros((*leading.shape, evidence.WIDTH))
    if strength is not None:
        out[..., evidence.STRENGTH] = np.abs(strength)
    out[..., evidence.LEADER] = leading
    columns = (turns.WON, evidence.WON), (turns.LOST, evidence.LOST), (turns.GAINS, evidence.GAINS), (turns.LOSSES, evidence.LOSSES)
    for source, target in (*columns, (MEAN, evidence.MEAN)):
        out[..., target] = record[..., source]
    out[..., evidence.BARS] = bars_effective(record)
    out[..., evidence.VARIANCE] = variance(record)
    out[..., evidence.SHARE] = memory.strategy_shares[leading]
    out[..., evidence.SESSIONS] = len(memory.sessions)
    out[leading < 0, evidence.WON :] = 0.0
    return out


def strength_of(book: Playbook, features: Float) -> Float | None:
    """The column (...) of features (..., F) that the gates hold a signal's strength against; None for a profile without gates."""
    return features[..., book.column_of[GATE_INPUTS[0]]] if book.config.gates is not None else None


def leading_record(ledger: Float, leading: Int) -> Float:
    """(N, LEDGER_WIDTH): the leading strategies' rows of a ledger (N, K, LEDGER_WIDTH), zeros where nothing leads."""
    return np.where((leading >= 0)[:, None], ledger[np.arange(len(leading)), np.maximum(leading, 0)], 0.0)
