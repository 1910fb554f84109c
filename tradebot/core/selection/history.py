"""`selector.select` over many minutes in one compiled pass, which stops only where an hour's arm is drawn or rewarded.

history = select_history(state, ...)        == [select(state, ...) for each minute], `state` moved on alike, bit for bit
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.selection.config import SelectionConfig
from tradebot.core.selection.memory import SelectionState
from tradebot.core.selection.performance import BLOCK, BLOCK_NS, LEDGER_WIDTH, SIGNAL, _minute
from tradebot.core.selection.pool import regime_pool
from tradebot.core.selection.selector import close_hour, draw_arms
from tradebot.core.selection.weigh import BANDIT, META, Weighing, weigh

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

_START, _STEP, _DRAW, _WEIGH = range(4)
_CLOSE_ASKED: Final = 1  # what the caller must do before it goes on
_DRAW_ASKED: Final = 2


@dataclass(frozen=True, slots=True)
class SelectionHistory:
    """`forecast`, `valid` and `leading` of `Selection` for each minute, (T, N); `record` is the leading strategy's row of the ledger."""

    forecast: Float
    valid: Bool
    leading: Int
    record: Float  # (T, N, LEDGER_WIDTH), zeros where nothing leads


def select_history(
    state: SelectionState,
    minute_ns: Int,
    session_open_ns: Int,
    session_close_ns: Int,
    open: Float,
    close: Float,
    present: Bool,
    signals: Float,
    valid: Bool,
    regime: Int,
    table: Float,
    told: Int,
    probabilities: Float,
    config: SelectionConfig,
) -> SelectionHistory:
    """T minutes, each as `select` would do it. Changes `state`.

    Minutes and their session's bounds (T,), prices and `present` (T, N), `signals` and `valid` (T, N, K), `regime` (T, N) with -1 for
    unknown, `table` (R + 1, K) the weights by regime, `told` (T, N) the row of `probabilities` (M, K + 1) with what the meta-selector
    says there, -1 where it is not asked.
    """
    count, symbols, strategies = signals.shape
    pool, performance = regime_pool(table), config.performance
    forecast, speaks, leading = np.zeros((count, symbols)), np.zeros((count, symbols), np.bool_), np.full((count, symbols), -1, np.int64)
    record = np.zeros((count, symbols, LEDGER_WIDTH))
    clock, scratch = np.array([state.block_ns, state.minute_ns], np.int64), np.zeros((symbols, strategies))
    t, phase = 0, _START
    while t < count:
        t, phase, asked = _advance(
            state.ledger, state.marks, state.opens_ns, state.chosen, state.regime, state.propensities, clock,
            minute_ns, session_open_ns, session_close_ns, open, close, present, signals, valid, regime, pool, told, probabilities,
            Weighing.of(config), performance.holds(strategies), performance.cost_bps * 1e-4, performance.keep(),
            performance.position == "sign", performance.long_only, forecast, speaks, leading, record, scratch, t, phase,
        )  # fmt: skip
        state.block_ns, state.minute_ns = int(clock[0]), int(clock[1])
        if asked == _CLOSE_ASKED:
            close_hour(state, config)
        elif asked == _DRAW_ASKED:
            waiting = present[t] & (state.chosen < 0) & (regime[t] >= 0)
            draw_arms(state, waiting, regime[t], pool[regime[t]], valid[t], config)
    return SelectionHistory(forecast, speaks, leading, record)


@njit(cache=True, error_model="numpy")
def _forget(ledger, chosen, regime_of, chances):  # type: ignore[no-untyped-def]
    """`close_hour` where nothing is learned from it."""
    ledger[:, :, BLOCK] = 0.0
    chosen[:] = -1
    regime_of[:] = -1
    chances[:] = 0.0


@njit(cache=True, error_model="numpy")
def _advance(  # type: ignore[no-untyped-def]
    ledger, marks, opens_ns, chosen, regime_of, chances, clock,
    minute_ns, session_open_ns, session_close_ns, open_, close, present, signals, valid, regime, pool, told, probabilities,
    rules, max_hold, cost, keep, sign_only, long_only, forecast, speaks, leading, record, scratch, t, phase,
):  # fmt: skip
    """Go on from minute `t` and `phase` until the end or until the caller is asked to close or draw: (t, phase, what is asked)."""
    symbols, strategies = ledger.shape[0], ledger.shape[1]
    while t < len(minute_ns):
        into = minute_ns[t] - session_open_ns[t]
        block_ns = session_open_ns[t] + into // BLOCK_NS * BLOCK_NS
        begins, on_time = block_ns != clock[0], minute_ns[t] == block_ns
        learns = rules.mode == BANDIT and chosen.max() >= 0
        if phase == _START:
            phase = _STEP
            if begins and not on_time:
                if learns:
                    return t, phase, _CLOSE_ASKED
                _forget(ledger, chosen, regime_of, chances)
        if phase == _STEP:
            phase = _DRAW
            last = minute_ns[t] + NS_PER_MINUTE >= session_close_ns[t]
            _minute(
                ledger, marks, opens_ns, session_open_ns[t], last, open_[t], close[t], present[t], signals[t], valid[t],
                max_hold, cost, keep, sign_only, long_only, scratch,
            )  # fmt: skip
            if begins and on_time:
                if learns:
                    return t, phase, _CLOSE_ASKED
                _forget(ledger, chosen, regime_of, chances)
        if phase == _DRAW:
            phase = _WEIGH
            clock[0], clock[1] = block_ns, minute_ns[t]
            for n in range(symbols):
                if not present[t, n] or chosen[n] >= 0:
                    continue
                if rules.mode == BANDIT and regime[t, n] >= 0:
                    return t, phase, _DRAW_ASKED
                if rules.mode == META and told[t, n] >= 0:
                    chances[n] = probabilities[told[t, n]]
                    chosen[n] = np.argmax(chances[n])
        for n in range(symbols):
            spoken = False
            for k in range(strategies):
                spoken = spoken or valid[t, n, k]
            speaks[t, n] = present[t, n] and spoken
            if not speaks[t, n]:
                continue
            weights = scratch[n]
            weigh(pool[regime[t, n]], ledger[n], chosen[n], chances[n], rules, weights)
            together, largest = 0.0, 0.0
            for k in range(strategies):
                part = weights[k] * (ledger[n, k, SIGNAL] if valid[t, n, k] else 0.0)
                together = together + part
                if abs(part) > largest:
                    largest, leading[t, n] = abs(part), k
            forecast[t, n] = min(max(together, -1.0), 1.0)
            if leading[t, n] >= 0:
                record[t, n] = ledger[n, leading[t, n]]
        t, phase = t + 1, _START
    return t, phase, 0
