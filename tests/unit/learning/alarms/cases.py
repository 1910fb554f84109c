"""Made-up rows with a known truth, and quick ways to learn from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tradebot.core.domain.bars import Bool, Float
from tradebot.learning.alarms.case import Case, Learn, Predict
from tradebot.learning.alarms.skill import Answer
from tradebot.learning.trainers.trainer import Rows

MINUTE_NS = 60_000_000_000
DAY_NS = 1440 * MINUTE_NS
MINUTES, SYMBOLS, FEATURES = 60, 2, 6
HORIZON = 5


def least_squares(rows: Rows) -> Predict:
    """A line through the targets."""
    design = np.column_stack([rows.values, np.ones(len(rows))])
    line = np.linalg.lstsq(design, rows.target, rcond=None)[0]
    return lambda some: np.column_stack([some, np.ones(len(some))]) @ line


def by_heart(rows: Rows) -> Predict:
    """Trees grown to their leaves: whatever it has seen, it knows."""
    from sklearn.ensemble import ExtraTreesRegressor

    trees = ExtraTreesRegressor(20, random_state=3, max_features=0.5).fit(rows.values, rows.target)
    return lambda some: np.asarray(trees.predict(some))


def one_column_a_class(rows: Rows) -> Predict:
    """A line for each of three classes."""
    lines = [least_squares(replace(rows, target=(rows.target == c).astype(np.float64))) for c in range(3)]
    return lambda some: np.column_stack([line(some) for line in lines])


def rows_of(seed: int, sessions: int = 24, signal: float = 0.3, answer: Answer = "probability") -> tuple[Rows, Float]:
    """Rows of slow features, the first of which tells a little of the target; and the net result of being long."""
    random = np.random.default_rng(seed)
    session, minute, symbol = (a.ravel() for a in np.meshgrid(range(sessions), range(MINUTES), range(SYMBOLS), indexing="ij"))
    shocks = random.normal(size=(sessions, MINUTES, SYMBOLS, FEATURES))
    for t in range(1, MINUTES):
        shocks[:, t] = 0.9 * shocks[:, t - 1] + np.sqrt(1 - 0.81) * shocks[:, t]
    values = shocks.reshape(-1, FEATURES)
    level = random.normal(0.0, 0.5, sessions)[session]  # some days have more of everything
    moved = signal * values[:, 0] + random.normal(size=len(values))
    number = moved + level
    target = {"number": number, "probability": (number > 0.2) * 1.0, "classes": np.digitize(number, [-0.5, 0.5]) * 1.0}[answer]
    minute_ns = session * DAY_NS + minute * MINUTE_NS
    rows = Rows(values, target, np.ones(len(values)), minute_ns.astype(np.int64), session.astype(np.int64), symbol.astype(np.int64))
    return rows, 1e-3 * moved - 2e-4


def case_of(rows: Rows, net: Float, learn: Learn = least_squares, answer: Answer = "probability") -> Case:
    """The last third tests, a session apart."""
    test = rows.session_of >= rows.session_of.max() * 2 // 3
    end_ns = rows.minute_ns + HORIZON * MINUTE_NS
    train = (rows.session_of < rows.session_of[test].min() - 1) & (end_ns <= rows.minute_ns[test].min())
    return Case(rows, end_ns, net, answer, train, test, 1, learn)


def clean(seed: int, learn: Learn = least_squares, answer: Answer = "probability", signal: float = 0.3) -> Case:
    return case_of(*rows_of(seed, signal=signal, answer=answer), learn, answer)


def one_row_back(case: Case, column: Float) -> Float:
    """`column` (R,) as it was a bar earlier, the first bar of a session as it is."""
    rows = case.rows
    cube = column.reshape(-1, MINUTES, SYMBOLS).copy()
    assert cube.size == len(rows)
    cube[:, 1:] = cube[:, :-1].copy()
    return cube.ravel()


def also_trained_on(case: Case, where: Bool) -> Case:
    return replace(case, train=case.train | where)
