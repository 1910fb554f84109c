"""From the strategies' signals to one forecast a symbol, each minute: keep their records, choose once an hour, weigh, add up.

The hour runs from decision minute to decision minute (session open + a whole number of hours). What is chosen at the close of a decision
minute is filled at the next bar's open, so an hour's reward is the net P&L of the bars after its decision minute up to and including the
next decision minute (of the next session for the last hour). The chosen arm is then rewarded, and the next one is chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.selection.bandit import draw, propensities, uniforms, update_hour
from tradebot.core.selection.config import SelectionConfig
from tradebot.core.selection.ensemble import volatility_weights
from tradebot.core.selection.memory import SelectionState
from tradebot.core.selection.performance import BLOCK, SIGNAL, block_start_ns, step_minute
from tradebot.core.selection.pool import by_arm, by_performance, by_regime, by_selector, by_volatility, regime_pool
from tradebot.core.selection.weights import performance_scores, row_sum

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Selection:
    """One minute's answer. Where `valid` is False (no bar, or no strategy could speak) the forecast is 0 and says nothing.

    `chosen` and `propensities` are the hour's: of the bandit's draw in "bandit" mode, the selector's favourite and its probabilities in
    "meta" mode, -1 and 0 in the others.
    """

    weights: Float  # (N, K) in [0, 1], at most 1 in sum
    forecast: Float  # (N,) in [-1, 1]
    valid: Bool  # (N,)
    chosen: Int  # (N,) arm, K = flat, -1 = none
    propensities: Float  # (N, K + 1)
    leading: Int  # (N,) strategy with the largest |weight * signal|, -1 where all are 0


def select(
    state: SelectionState,
    minute_ns: int,
    session_open_ns: int,
    session_close_ns: int,
    open: Float,
    close: Float,
    present: Bool,
    signals: Float,
    valid: Bool,
    regime: Int,
    regime_weights: Float,
    probabilities: Float | None,
    config: SelectionConfig,
) -> Selection:
    """One minute. Changes `state`, and is otherwise a pure function: a replay from any copy of the state agrees bit for bit.

    Prices (N,) in usd; `signals` in [-1, 1], `valid` and `regime_weights` (N, K); `regime` (N,) in [0, R), -1 = unknown: nothing is chosen;
    `probabilities` (N, K + 1) of the meta-selector, NaN rows where it has no opinion, None without one (read in an hour's decision minute,
    or in the first minute after it in which the symbol has a bar and they are numbers).
    """
    assert minute_ns > state.minute_ns, "minutes go forward"
    assert session_open_ns <= minute_ns < session_close_ns, "the minute is outside its session"
    assert regime.max(initial=-1) < len(state.bandit), "a regime that the bandit has no memory for"
    block_ns = block_start_ns(minute_ns, session_open_ns)
    begins = block_ns != state.block_ns
    if begins and minute_ns != block_ns:  # the decision minute never came: this bar is none of the old hour's
        close_hour(state, config)
    step_minute(
        state.ledger, state.marks, state.opens_ns, minute_ns, session_open_ns, session_close_ns,
        open, close, present, signals, valid, config.performance,
    )  # fmt: skip
    if begins and minute_ns == block_ns:
        close_hour(state, config)
    state.block_ns, state.minute_ns = block_ns, minute_ns

    pool = regime_pool(regime_weights)
    waiting = present & (state.chosen < 0)
    if config.mode == "bandit":
        draw_arms(state, waiting & (regime >= 0), regime, pool, valid, config)
    elif config.mode == "meta" and probabilities is not None:
        _adopt(state, waiting & np.isfinite(probabilities).all(axis=1), probabilities)

    speaks = present & valid.any(axis=1)
    weights = np.where(speaks[:, None], _weights(state, pool, config), 0.0)
    parts = weights * np.where(valid, state.ledger[..., SIGNAL], 0.0)
    size = np.abs(parts)
    return Selection(
        weights=weights,
        forecast=np.clip(row_sum(parts), -1.0, 1.0),
        valid=speaks,
        chosen=state.chosen.copy(),
        propensities=state.propensities.copy(),
        leading=np.where(size.any(axis=1), np.argmax(size, axis=1), -1),
    )


def _weights(state: SelectionState, pool: Float, config: SelectionConfig) -> Float:
    """(N, K) in the profile's mode."""
    if config.mode == "regime":
        return by_regime(pool)
    if config.mode == "ensemble":
        return by_volatility(pool, volatility_weights(state.ledger))
    if config.mode == "bandit":
        return by_arm(pool, state.chosen)
    scores = performance_scores(state.ledger, config.evidence)
    return by_performance(pool, scores) if config.mode == "performance" else by_selector(pool, scores, state.propensities)


def close_hour(state: SelectionState, config: SelectionConfig) -> None:
    """Reward what was chosen, and forget the choice."""
    rows = np.flatnonzero(state.chosen >= 0)
    if config.mode == "bandit" and len(rows):
        arms = state.chosen[rows]
        earned = np.concatenate([state.ledger[rows, :, BLOCK], np.zeros((len(rows), 1))], axis=1)  # flat earns 0
        update_hour(state.bandit, state.regime[rows], arms, earned[np.arange(len(rows)), arms], config.bandit.discount)
    state.ledger[..., BLOCK] = 0.0
    state.chosen[:] = -1
    state.regime[:] = -1
    state.propensities[:] = 0.0


def draw_arms(state: SelectionState, rows: Bool, regime: Int, pool: Float, valid: Bool, config: SelectionConfig) -> None:
    """An arm for each symbol in `rows` (N,): one that its regime trades and that could speak now, or flat."""
    if not rows.any():
        return
    draws = uniforms(config.bandit.seed, state.block_ns // NS_PER_MINUTE, len(rows))
    allowed = np.concatenate([(pool > 0.0) & valid, np.ones((len(rows), 1), np.bool_)], axis=1)
    cases, case_of = np.unique(np.column_stack([regime, allowed])[rows], axis=0, return_inverse=True)
    for i, case in enumerate(cases):  # few: symbols in one regime mostly face the same arms
        alike = np.flatnonzero(rows)[case_of.ravel() == i]
        chances = propensities(state.bandit, int(case[0]), case[1:] > 0, config.bandit)
        state.propensities[alike] = chances
        state.chosen[alike] = draw(chances, draws[alike])
        state.regime[alike] = case[0]


def _adopt(state: SelectionState, rows: Bool, probabilities: Float) -> None:
    """The selector's probabilities hold for the hour."""
    state.propensities[rows] = probabilities[rows]
    state.chosen[rows] = np.argmax(probabilities[rows], axis=1)
