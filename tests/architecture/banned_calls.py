"""What no file of this repository may contain, found in its syntax tree. Run it: `python -m tests.architecture.banned_calls`.

Each rule is a generator of `(line, message)`; RULES is the registry. An exception stands in ALLOWED with its reason.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections.abc import Callable, Iterator

from tests.architecture.source_files import SourceFile, source_files

Finding = tuple[int, str]
Rule = Callable[[SourceFile], Iterator[Finding]]

PICKLERS = frozenset({"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "shelve", "marshal", "jsonpickle"})
PICKLING_CALLS = frozenset({"joblib.dump", "joblib.load", "torch.load", "torch.save", "pandas.read_pickle", "pd.read_pickle"})
CORE_MODULES = frozenset({"time", "random", "logging", "os", "io", "pathlib", "socket", "asyncio", "threading", "secrets", "subprocess"})
CORE_CALLS = frozenset({"print", "open", "input", "breakpoint", "dt.datetime.now", "datetime.now", "datetime.datetime.now"})
CLOCK_METHODS = frozenset({"now", "utcnow", "today"})
SEEDED = frozenset({"np.random.default_rng", "np.random.Generator", "np.random.PCG64", "np.random.Philox", "np.random.SeedSequence"})
MOCKS = frozenset({"unittest.mock", "mock", "pytest_mock"})
BROAD = frozenset({"Exception", "BaseException"})
LAST_LINES_OF_DEFENCE = ("tradebot/shell/supervise.py", "tradebot/cli", "tradebot/cli.py", "tradebot/__main__.py")
MARKERS = ("TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK")

ALLOWED: dict[tuple[str, str], str] = {}
"""(path, rule name) -> why this file may."""


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a name or attribute chain, "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        head = dotted(node.value)
        return f"{head}.{node.attr}" if head else ""
    return ""


def imported(tree: ast.Module) -> Iterator[Finding]:
    """Every imported module by its full name, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


def calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def no_pickle(file: SourceFile) -> Iterator[Finding]:
    """Model files and state never run code when they are read."""
    for line, module in imported(file.tree):
        if module.split(".")[0] in PICKLERS or module in PICKLING_CALLS:
            yield line, f"imports {module}"
    for call in calls(file.tree):
        name = dotted(call.func)
        if name in PICKLING_CALLS or name.endswith(".to_pickle"):
            yield call.lineno, f"calls {name}"
        for keyword in call.keywords:
            refused = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            if keyword.arg == "allow_pickle" and not refused:
                yield call.lineno, "allow_pickle"


def pure_core(file: SourceFile) -> Iterator[Finding]:
    """Core does no I/O, reads no clock, draws no unseeded number, logs nothing (DESIGN.md, law 2)."""
    if not file.within("tradebot/core"):
        return
    for line, module in imported(file.tree):
        if module.split(".")[0] in CORE_MODULES:
            yield line, f"core imports {module}"
    for call in calls(file.tree):
        name = dotted(call.func)
        if name in CORE_CALLS or (name.startswith(("dt.", "datetime.")) and name.split(".")[-1] in CLOCK_METHODS):
            yield call.lineno, f"core calls {name}"
        if name.startswith(("np.random.", "numpy.random.")):
            seeded = name.replace("numpy.", "np.") in SEEDED and (call.args or call.keywords)
            if not seeded:
                yield call.lineno, f"core calls {name} without a seed"


def no_broad_except(file: SourceFile) -> Iterator[Finding]:
    """A bug must not pass for a fault: broad handlers live in the supervisor and at the command line's edge only."""
    if file.within(*LAST_LINES_OF_DEFENCE):
        return
    for node in ast.walk(file.tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        if any(kind is None or dotted(kind) in BROAD for kind in kinds):
            yield node.lineno, "broad except"


def one_path(file: SourceFile) -> Iterator[Finding]:
    """There is no `if live:` (DESIGN.md, law 1)."""
    if not file.within("tradebot/core", "tradebot/sim", "tradebot/shell"):
        return
    for node in ast.walk(file.tree):
        if isinstance(node, ast.If | ast.IfExp) and dotted(node.test).split(".")[-1] in {"live", "is_live", "is_backtest", "backtesting"}:
            yield node.lineno, f"if {dotted(node.test)}"


def no_mocks(file: SourceFile) -> Iterator[Finding]:
    """Tests use real servers and real files; they never assert that our own code called itself."""
    for line, module in imported(file.tree):
        if module in MOCKS or module.startswith("unittest.mock."):
            yield line, f"imports {module}"
    for call in calls(file.tree):
        name = dotted(call.func)
        if name.split(".")[-1].startswith("assert_called") or name.split(".")[-1] in {"assert_any_call", "assert_has_calls"}:
            yield call.lineno, f"calls {name}"
        if name == "monkeypatch.setattr" and call.args:
            target = call.args[0]
            name = target.value if isinstance(target, ast.Constant) and isinstance(target.value, str) else ""
            is_number = name.split(".")[-1].isupper()  # a constant such as a time-out may be made small for a test
            if name.startswith("tradebot") and not is_number:
                yield call.lineno, f"replaces {name}"


def finished(file: SourceFile) -> Iterator[Finding]:
    """No note of work left undone."""
    for token in tokenize.generate_tokens(io.StringIO(file.text).readline):
        if token.type == tokenize.COMMENT and any(marker in token.string for marker in MARKERS):
            yield token.start[0], token.string


def field_words(file: SourceFile) -> Iterator[Finding]:
    """No manager, handler, helper or util in the name of a file or class (DESIGN.md, Names)."""
    empty = ("manager", "handler", "helper", "util")
    if any(word in file.path.rsplit("/", 1)[-1].lower() for word in empty):
        yield 1, f"file name {file.path}"
    for node in ast.walk(file.tree):
        if isinstance(node, ast.ClassDef) and any(word in node.name.lower() for word in empty):
            yield node.lineno, f"class {node.name}"


RULES: tuple[Rule, ...] = (no_pickle, pure_core, no_broad_except, one_path, no_mocks, finished, field_words)


def findings(file: SourceFile, rules: tuple[Rule, ...] = RULES) -> list[str]:
    """`path:line: rule: message` for everything in a file that no exception allows."""
    return [
        f"{file.path}:{line}: {rule.__name__}: {message}"
        for rule in rules
        if (file.path, rule.__name__) not in ALLOWED
        for line, message in rule(file)
    ]


def main() -> int:
    found = [text for file in source_files() for text in findings(file)]
    for text in found:
        print(text)
    print(f"{len(source_files())} files, {len(found)} banned calls")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
