"""The wall clock of this process, and the place where a test of faults makes it wrong.

Nothing is decided by it: what is due, too old or first is said by PostgreSQL's clock. It dates
what comes in from outside and shortens waits whose end PostgreSQL confirms. So a machine whose
clock steps by an hour shows a wrong time and does nothing wrong. What one process gives out for
some seconds or minutes and another one judges (a ticket, a file's address, a session) is dated and
judged by ``agreed``, which follows PostgreSQL's clock.
"""

import os
import time
from collections.abc import Callable
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


class DatabaseClock:
    """PostgreSQL's time, as this process was told it last and has counted on since: a clock of the
    machine that is wrong, or steps, changes nothing. Before it is told, that clock is all there is.
    """

    def __init__(
        self, local: Callable[[], datetime] = now, counted: Callable[[], float] = time.monotonic
    ) -> None:
        self._local = local
        self._counted = counted
        self._told: tuple[datetime, float] | None = None

    @property
    def is_synchronized(self) -> bool:
        """Whether it was ever told PostgreSQL's time."""
        return self._told is not None

    def now(self) -> datetime:
        """In UTC."""
        if self._told is None:
            return self._local()
        at, counted = self._told
        return at + timedelta(seconds=self._counted() - counted)

    def synchronize(self, at: datetime, asked: float) -> None:
        """PostgreSQL said ``at`` to who asked when ``counted`` was ``asked``: some time between
        then and now.
        """
        self._told = (at, (asked + self._counted()) / 2)


database_clock = DatabaseClock()
"""This process's."""
