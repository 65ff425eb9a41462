"""The wall clock of this process, and the place where a test of faults makes it wrong.

Nothing is decided by it: what is due, too old or first is said by PostgreSQL's clock. It dates
what comes in from outside and shortens waits whose end PostgreSQL confirms. So a machine whose
clock steps by an hour shows a wrong time and does nothing wrong.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

CLOCK_FILE = "NIOCHAT_CLOCK_FILE"
"""Names a file of lines ``<process id, or 0 for all> <seconds>``; ``niochat chaos`` sets it."""


def now() -> datetime:
    """This machine's time, in UTC; wrong by what the clock file says of this process."""
    file = os.environ.get(CLOCK_FILE)
    real = datetime.now(UTC)
    return real + timedelta(seconds=_offset(Path(file))) if file else real


def _offset(file: Path) -> float:
    try:
        lines = [line.split() for line in file.read_text().splitlines()]
    except FileNotFoundError:
        return 0.0
    return sum(float(seconds) for pid, seconds in lines if int(pid) in (0, os.getpid()))
