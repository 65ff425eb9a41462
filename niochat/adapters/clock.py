"""The wall clock of this process, which fault tests can set wrong.

PostgreSQL's clock, not this one, decides what is due, expired or first. This clock dates input from
outside and shortens waits whose end PostgreSQL confirms. So a machine whose clock steps by an hour
shows a wrong time and still acts correctly. Tickets, file URLs and sessions, which one process
issues and another one checks, are dated and checked by :data:`database_clock`, which follows
PostgreSQL's clock.
"""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

CLOCK_FILE = "NIOCHAT_CLOCK_FILE"
"""Names a file of lines ``<process id, or 0 for all> <seconds>``; ``niochat chaos`` sets it."""


def now() -> datetime:
    """This machine's time in UTC, plus the offset of the clock file for this process."""
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
    """PostgreSQL's time: the last time that the database reported, plus the monotonic time since
    then. A wrong or stepping machine clock does not change it. Before the first report it is the
    machine's time.
    """

    def __init__(
        self, local: Callable[[], datetime] = now, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._local = local
        self._monotonic = monotonic
        self._reference: tuple[datetime, float] | None = None

    @property
    def is_synchronized(self) -> bool:
        """Whether the database has reported its time."""
        return self._reference is not None

    def now(self) -> datetime:
        """The time in UTC."""
        if self._reference is None:
            return self._local()
        at, reference_s = self._reference
        return at + timedelta(seconds=self._monotonic() - reference_s)

    def synchronize(self, at: datetime, requested_at: float) -> None:
        """Set the clock. PostgreSQL read the time ``at`` between ``requested_at``, a value of the
        monotonic clock in seconds, and now; the middle is assumed.
        """
        self._reference = (at, (requested_at + self._monotonic()) / 2)


database_clock = DatabaseClock()
"""The database clock of this process."""
