"""The command line: parse, call, exit code. What a command does stands in `tradebot.app`; what runs stands behind a Unix socket.

Exit codes: 0 done, 1 something that the operator must mend, 2 a wrong option, 70 a bug, 130 interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from tradebot.cli.tree import app
from tradebot.core.domain.faults import OperatorFault

EXIT_FAULT: Final = 1
EXIT_BUG: Final = 70


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and answer with its exit code. `--debug` anywhere gives tracebacks."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    wants_traceback = "--debug" in given
    try:
        app([argument for argument in given if argument != "--debug"], prog_name="tradebot")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except OperatorFault as fault:
        if wants_traceback:
            raise
        print(f"tradebot: {fault}", file=sys.stderr)
        return EXIT_FAULT
    except Exception as bug:
        if wants_traceback:
            raise
        print(f"tradebot: a bug, {type(bug).__name__}: {bug}; call it again with --debug for the traceback", file=sys.stderr)
        return EXIT_BUG
    return 0
