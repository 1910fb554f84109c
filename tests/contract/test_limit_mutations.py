"""Mutation test: no limit may be removed, inverted or moved by a boundary without the contract saying so.

Each limit's source is changed in its syntax tree, one place at a time, and the checks of limit_contract.py run on the mutant in this
process. A mutant that passes them survives, and the test fails with its source.
"""

from __future__ import annotations

import ast
import copy
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from tests.contract.limit_contract import RULES, asked_and_seen, faults_of
from tradebot.core.risk.limits import headroom, numbers
from tradebot.core.risk.limits.catalogue import LIMITS, Limit

_OTHER: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add}


def mutants(function: Callable[..., Any]) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The function's mutants: what was changed, and the changed function."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    module = sys.modules[function.__module__]
    body = next(n for n in tree.body if isinstance(n, ast.FunctionDef)).body
    is_limit = isinstance(body[-1], ast.Return) and function.__annotations__.get("return") == "bool"
    if is_limit:
        for verdict in ("False", "True"):
            yield f"always {verdict}", _compiled(_with_result(tree, ast.parse(verdict, mode="eval").body), function.__name__, module)
        last = body[-1]
        assert isinstance(last, ast.Return)
        assert last.value is not None
        inverted = ast.UnaryOp(ast.Not(), copy.deepcopy(last.value))
        yield "inverted", _compiled(_with_result(tree, inverted), function.__name__, module)
    for place, node in enumerate(ast.walk(tree)):
        for what, change in _changes(node):
            mutant = copy.deepcopy(tree)
            change(list(ast.walk(mutant))[place])
            yield f"line {getattr(node, 'lineno', 0)}: {what}", _compiled(mutant, function.__name__, module)


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[Any], None]]]:
    """One change each, of one node."""
    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            for other in _OTHER.get(type(op), ()):
                yield f"{type(op).__name__} -> {other.__name__}", _setter("ops", i, other())
    elif isinstance(node, ast.BoolOp):
        flipped = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield f"{type(node.op).__name__} -> {type(flipped).__name__}", lambda n: setattr(n, "op", flipped)
        for i in range(len(node.values)):
            neutral = ast.Constant(isinstance(node.op, ast.And))
            yield f"operand {i} of {type(node.op).__name__} left out", _setter("values", i, neutral)
    elif isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        other_op = _ARITHMETIC[type(node.op)]
        yield f"{type(node.op).__name__} -> {other_op.__name__}", lambda n: setattr(n, "op", other_op())
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        yield f"{node.value} -> {node.value + 1}", lambda n: setattr(n, "value", n.value + 1)


def _setter(name: str, i: int, value: Any) -> Callable[[Any], None]:
    def change(node: Any) -> None:
        getattr(node, name)[i] = value

    return change


def _with_result(tree: ast.Module, value: ast.expr) -> ast.Module:
    changed = copy.deepcopy(tree)
    function = changed.body[0]
    assert isinstance(function, ast.FunctionDef)
    function.body[-1] = ast.Return(value)
    return changed


def _compiled(tree: ast.Module, name: str, module: ModuleType) -> Callable[..., Any]:
    scope = dict(vars(module))
    exec(compile(ast.fix_missing_locations(tree), f"<mutant of {name}>", "exec"), scope)
    mutant: Callable[..., Any] = scope[name]
    return mutant


def survivors(function: Callable[..., Any], faults: Callable[[Callable[..., Any]], bool]) -> list[str]:
    """Mutants that the checks don't tell from the original. A mutant that raises is told."""
    alive, count = [], 0
    for what, mutant in mutants(function):
        count += 1
        try:
            told = faults(mutant)
        except (ArithmeticError, AttributeError, IndexError, NameError, TypeError, ValueError):
            told = True
        if not told:
            alive.append(f"{function.__name__}, {what}")
    assert count >= 3, f"{function.__name__} has hardly a mutant"
    return alive


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_no_mutant_of_a_limit_survives(limit: Limit) -> None:
    assert survivors(limit.breaks, lambda mutant: bool(faults_of(Limit(mutant, limit.says)))) == []


def test_no_mutant_of_the_worst_price_survives() -> None:
    def told(mutant: Callable[..., Any]) -> bool:
        asked = [(500_000, 0, 1, 0.04), (500_000, 510_000, 1, 0.04), (500_000, 510_000, -1, 0.04), (500_000, 1, 1, 0.04)]
        return [mutant(*order) for order in asked] != [520_000, 510_000, 520_000, 1]

    assert survivors(numbers.worst_units, told) == []


def test_no_mutant_of_the_scale_survives() -> None:
    def told(mutant: Callable[..., Any]) -> bool:
        asked = [(0.125, 0.5), (0.5, 0.5), (0.0, 0.5), (1.0, 1.0), (0.25, 1.0), (-1.0, 0.5), (0.7, 0.0), (1.0, 0.5)]
        return [mutant(*room) for room in asked] != [0.5, 1.0, 0.0, 1.0, 0.5, 0.0, 1.0, 1.0]

    equal = ("GtE -> Gt", "Gt -> GtE")  # at the bounds themselves the root is 1 and 0 as well
    assert [alive for alive in survivors(headroom.size_scale, told) if not alive.endswith(equal)] == []


def test_no_mutant_of_the_headroom_survives() -> None:
    worlds: list[tuple[dict[str, int], float]] = [
        ({}, 1.0), ({"equity_units": 990_000_000}, 0.5), ({"equity_units": 970_000_000}, 0.0), ({"equity_units": 0}, 0.0),
        ({"equity_units": 950_000_000, "day_start_equity_units": 950_000_000}, 0.5), ({"equity_units": 2 * 10**9}, 1.0),
        ({"sector_units": 100_000_000}, 0.75), ({"group_units": 150_000_000}, 0.75), ({"gross_units": 350_000_000}, 0.75),
        ({"net_units": -300_000_000}, 0.75), ({"net_units": 300_000_000}, 0.75),
        ({"high_water_units": 0, "day_start_equity_units": 0}, 1.0),
        ({"equity_units": 1, "high_water_units": 0, "day_start_equity_units": 0}, 1.0),
        ({"equity_units": 1, "high_water_units": 1, "day_start_equity_units": 1, "sector_units": 0}, 1.0),
        ({"equity_units": 199, "high_water_units": 200, "day_start_equity_units": 200}, 0.75),
    ]  # fmt: skip
    wide = RULES._replace(leverage_max=10.0)

    def told(mutant: Callable[..., Any]) -> bool:
        answers = [mutant(asked_and_seen(changes)[1], RULES) for changes, _ in worlds]
        dollars = mutant(asked_and_seen({"gross_units": 375_000_000})[1], wide)
        return any(abs(a - left) > 1e-9 for a, (_, left) in zip(answers, worlds, strict=True)) or abs(dollars - 0.75) > 1e-9

    equal = ("GtE -> Gt",)  # a headroom of exactly 0 is 0 either way
    alive = [x for x in survivors(headroom.least_headroom, told) if not x.endswith(equal) and "1.0 -> 2.0" not in x]
    assert alive == []
