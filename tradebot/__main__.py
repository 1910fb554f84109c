"""`python -m tradebot`."""

from __future__ import annotations

import sys

from tradebot.cli import main

if __name__ == "__main__":
    sys.exit(main())
