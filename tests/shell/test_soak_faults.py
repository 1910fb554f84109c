"""Two hours in which 5% of everything fails; `scripts/soak-faults` has whole sessions, and real bars."""

from __future__ import annotations

from dataclasses import replace

from scripts.fault_soak.main import ENDING, SETUPS, Books, differences, soak, storm
from scripts.kill_proof.template import Template
from tests.shell import scene
from tradebot.sim.alpaca_server.storm import KINDS

SLOW = {"http_hang"}  # each costs seconds of waiting: the script has them


def test_two_hours_of_all_faults_end_with_the_books_of_a_calm_day() -> None:
    lives = Template("few_stairs")
    try:
        calm, expected = soak(lives, None)
        assert calm.violations == []
        assert expected.positions == dict.fromkeys(scene.SYMBOLS, 100)  # the bars end in mid-session
        assert calm.fills > 40
        outcome, books = soak(lives, storm([name for name in SETUPS["stairs"] if name not in SLOW], seed=1, rate=0.05))
    finally:
        lives.close()
    assert outcome.violations == []
    assert differences(expected, books, by_intent=False) == []
    struck = {kind["name"]: kind["struck"] for kind in outcome.struck}
    print(struck)
    assert sum(struck.values()) > 200
    assert sum(n > 0 for n in struck.values()) > 20


def test_every_kind_of_fault_is_soaked_but_those_that_end_the_daemon() -> None:
    assert set(SETUPS["stairs"]) | set(ENDING) == set(KINDS)


def test_other_books_are_told_apart() -> None:
    calm = Books(1_000, {"SPY": 3}, {("a", "buy"): (3, 300)})
    assert differences(calm, calm, by_intent=True) == []
    assert len(differences(calm, replace(calm, cash_units=1_001), by_intent=True)) == 1
    assert len(differences(calm, replace(calm, positions={}), by_intent=True)) == 1
    doubled = replace(calm, fills={("a", "buy"): (6, 600)})
    assert (len(differences(calm, doubled, by_intent=True)), differences(calm, doubled, by_intent=False)) == (1, [])
