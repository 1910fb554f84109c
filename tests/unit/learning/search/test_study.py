"""The search: it finds what is planted, goes on as if it had never been stopped, and keeps nothing that isn't noted first."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from tests.architecture.source_files import ROOT
from tests.unit.learning.search.tasks import OWN, SPACE, learn, plan, task
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.alarms.case import Predict
from tradebot.learning.search.space import Value
from tradebot.learning.search.study import Study, Tried
from tradebot.learning.trainers.trainer import Rows

Row = tuple[int, dict[str, Value], float, bool]


def quiet(done: int, total: int) -> None:
    pass


def ignored(found: Tried) -> None:
    pass


def rows_of(tried: tuple[Tried, ...]) -> list[Row]:
    return [(t.number, t.values, t.score, t.pruned) for t in tried]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tried, ...]:
    study = Study(tmp_path_factory.mktemp("search") / "p.db", plan(16))
    study.run(task(), ignored, quiet)
    return study.tried()


def test_the_planted_values_are_found_and_the_profiles_own_come_first(whole: tuple[Tried, ...]) -> None:
    assert len(whole) == 16
    assert whole[0].values == OWN and not whole[0].pruned
    best = min((t for t in whole if not t.pruned), key=lambda t: t.score)
    assert 7 <= best.values["depth"] <= 14 and best.score < whole[0].score
    assert any(t.pruned for t in whole), "what is bad is given up"
    assert all(len(t.by_session) == (0 if t.pruned else 12) for t in whole)
    for found in whole:
        assert set(found.values) == {k.key for k in SPACE}
        assert isinstance(found.values["depth"], int) and 1 <= found.values["depth"] <= 30


def test_an_interrupt_changes_nothing(whole: tuple[Tried, ...], tmp_path: Path) -> None:
    class Stop:
        left = 0

        def __call__(self, values: Mapping[str, Value], rows: Rows) -> Predict:
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
            return learn(values, rows)

    path, stop = tmp_path / "p.db", Stop()
    for folds_left in (2, 20, 31):  # in the first trial, and twice in a later one
        stop.left = folds_left
        with pytest.raises(KeyboardInterrupt):
            Study(path, plan(16)).run(dataclasses.replace(task(), learn=stop), ignored, quiet)
    study = Study(path, plan(16))
    assert 0 < len(study.tried()) < 16
    study.run(task(), ignored, quiet)
    assert rows_of(study.tried()) == rows_of(whole)
    made: list[Tried] = []
    study.run(task(), made.append, quiet)
    assert made == [], "nothing is left to make"


def test_a_killed_process_leaves_a_study_that_goes_on(whole: tuple[Tried, ...], tmp_path: Path) -> None:
    script = """
import os, sys
from pathlib import Path
from tests.unit.learning.search.tasks import learn, plan, task
from tradebot.learning.search.study import Study
import dataclasses
left = [18]
def dying(values, rows):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), 9)
    return learn(values, rows)
Study(Path(sys.argv[1]), plan(16)).run(dataclasses.replace(task(), learn=dying), lambda found: None, lambda done, total: None)
"""
    path = tmp_path / "p.db"
    done = subprocess.run([sys.executable, "-c", script, str(path)], cwd=ROOT, check=False)
    assert done.returncode == -9
    study = Study(path, plan(16))
    assert 0 < len(study.tried()) < 16
    study.run(task(), ignored, quiet)
    assert rows_of(study.tried()) == rows_of(whole)


def test_a_trial_counts_only_after_it_was_noted(tmp_path: Path) -> None:
    def refuse(found: Tried) -> None:
        if found.number == 2:
            raise OperatorFault("the ledger is full")

    study = Study(tmp_path / "p.db", plan(5))
    with pytest.raises(OperatorFault, match="ledger is full"):
        study.run(task(), refuse, quiet)
    assert [t.number for t in study.tried()] == [0, 1]
    noted: list[Tried] = []
    again = Study(tmp_path / "p.db", plan(5))
    again.run(task(), noted.append, quiet)
    assert [t.number for t in noted] == [2, 3, 4]


def test_values_that_cannot_be_learned_with_are_given_up_unless_they_are_the_profiles(tmp_path: Path) -> None:
    thirteen = (dataclasses.replace(SPACE[0], low=13, high=14), SPACE[1])
    study = Study(tmp_path / "p.db", plan(8, space=thirteen, own=OWN | {"depth": 14}))
    study.run(task(), ignored, quiet)
    bad = [t for t in study.tried() if t.values["depth"] == 13]
    assert bad and all(t.pruned and t.score == float("inf") for t in bad)
    with pytest.raises(OperatorFault, match="thirteen"):
        Study(tmp_path / "q.db", plan(3, own=OWN | {"depth": 13})).run(task(), ignored, quiet)


def test_another_question_is_another_study(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    Study(path, plan(3)).run(task(), ignored, quiet)
    for other in (plan(3, seed=4), plan(3, identity={"rows": "others"}), plan(3, folds=5), plan(3, objective="net")):
        assert Study(path, other).tried() == ()
    assert len(Study(path, plan(9)).tried()) == 3, "more trials of the same question are the same study"
    first = Study(tmp_path / "q.db", plan(12, seed=5))
    first.run(task(), ignored, quiet)
    second = Study(tmp_path / "r.db", plan(12, seed=6))
    second.run(task(), ignored, quiet)
    assert rows_of(first.tried())[1:] != rows_of(second.tried())[1:]


def test_what_is_remembered_stays(tmp_path: Path) -> None:
    Study(tmp_path / "p.db", plan(1)).remember("held_out", {"0": [1.5]})
    assert Study(tmp_path / "p.db", plan(1)).remembered("held_out") == {"0": [1.5]}
    assert Study(tmp_path / "p.db", plan(1)).remembered("nothing") is None


def test_a_file_that_is_no_study_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "p.db").write_bytes(b"not a database, " * 100)
    with pytest.raises(OperatorFault, match=r"p\.db: the trials of the search can't be kept here"):
        Study(tmp_path / "p.db", plan(1))


def test_every_row_is_predicted_by_a_model_that_never_saw_its_label(tmp_path: Path) -> None:
    """A trainer that learns labels by heart is no better out of fold than chance."""
    whole = task()

    def by_heart(values: Mapping[str, Value], rows: Rows) -> Predict:
        known = {row.tobytes(): float(y) for row, y in zip(rows.values, rows.target, strict=True)}
        return lambda some: np.array([known.get(row.tobytes(), 0.5) for row in some])

    study = Study(tmp_path / "p.db", plan(1))
    study.run(dataclasses.replace(whole, learn=by_heart), ignored, quiet)
    assert study.tried()[0].score == pytest.approx(np.log(2.0), abs=1e-12)
