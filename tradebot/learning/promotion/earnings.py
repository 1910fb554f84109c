"""What following a model would have earned on labelled rows: the trades that the entry rule makes of its answers, and their net."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradebot.core.domain.bars import Bool, Float, Int


@dataclass(frozen=True, slots=True)
class Earnings:
    """R rows: whether a trade was opened there, and what it came to (0 where there was none)."""

    traded: Bool  # (R,)
    gain: Float  # (R,)

    @property
    def trades(self) -> int:
        return int(self.traded.sum())


def long_entries(score: Float, net_long: Float, symbol_of: Int, minute_ns: Int, end_ns: Int, confidence_min: float) -> Earnings:
    """Buy when `score` (R,) reaches `confidence_min`, hold to the label's end, one position a symbol: as the engine trades a classifier.

    Rows stand in order of time. `net_long` (R,) is the net fraction earned by buying at the next open and holding to `end_ns`; a row where
    it is NaN, or whose score is NaN, is not traded.
    """
    assert len(score) == len(net_long) == len(symbol_of) == len(minute_ns) == len(end_ns), "one of each for every row"
    assert (np.diff(minute_ns) >= 0).all(), "rows stand in order of time"
    traded = np.zeros(len(score), np.bool_)
    free_ns: dict[int, int] = {}
    for row in np.flatnonzero((score >= confidence_min) & np.isfinite(net_long)):
        symbol = int(symbol_of[row])
        if minute_ns[row] >= free_ns.get(symbol, 0):
            traded[row] = True
            free_ns[symbol] = int(end_ns[row])
    return Earnings(traded, np.where(traded, net_long, 0.0))


def followed(probability: Float, net: Float) -> Earnings:
    """Follow the most probable of K strategies and flat: `probability` (R, K + 1), flat last, `net` (R, K). A NaN row stays flat."""
    assert probability.shape == (net.shape[0], net.shape[1] + 1), f"{probability.shape} answers for {net.shape} outcomes"
    with_flat = np.concatenate([net, np.zeros((len(net), 1))], axis=1)
    known = _whole(probability)
    chosen = np.where(known, np.argmax(np.nan_to_num(probability), axis=1), net.shape[1])
    return Earnings(chosen < net.shape[1], with_flat[np.arange(len(net)), chosen])


def information(probability: Float, truth: Int, shares: Float) -> Earnings:
    """Log-likelihood gained over a forecast of fixed `shares` (C,), in nats a row: for models whose answer isn't money.

    `probability` (R, C), `truth` (R,) in 0..C-1. Both are kept off 0; a NaN row says no more than the shares do.
    """
    tiny = 1e-6
    known = _whole(probability)
    said = np.clip(np.where(known[:, None], probability, shares), tiny, None)
    said = said / said.sum(axis=1, keepdims=True)
    usual = np.clip(shares, tiny, None)
    gain = np.log(said[np.arange(len(truth)), truth]) - np.log(usual / usual.sum())[truth]
    return Earnings(known, gain)


def _whole(answers: Float) -> Bool:
    """Which rows (R, C) hold an answer, (R,)."""
    whole: Bool = np.logical_and.reduce(np.isfinite(answers), axis=1)
    return whole
