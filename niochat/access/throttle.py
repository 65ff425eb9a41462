"""Guessing is slowed down: failed attempts are counted by account and by address."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import TooMany

_SQL = queries("throttle")

WINDOW = timedelta(minutes=15)
OF_ACCOUNT, OF_ADDRESS = 10, 100
"""Failures in a window. Many agents of one provider share one address."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody at an address who wants to be the holder of an account."""

    account: str
    address: str

    def keys(self) -> dict[str, int]:
        """What is counted, and up to where. Neither log-ins nor addresses are kept in the clear."""
        return {
            _digest("account", self.account): OF_ACCOUNT,
            _digest("address", self.address): OF_ADDRESS,
        }


class Throttle:
    """Counts in the database: every replica counts the same, and a restart forgets nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def check(self, attempt: Attempt, now: datetime) -> None:
        """Raises ``TooMany`` when too many attempts failed lately; also for the right password."""
        limits = attempt.keys()
        async with self._database.gate() as connection:
            rows = await connection.fetch(_SQL["failures"], list(limits), now - WINDOW)
        over = [row for row in rows if row["failures"] >= limits[row["key"]]]
        if over:
            wait = max(row["since"] for row in over) + WINDOW - now
            raise TooMany(
                "too many failed attempts: wait, or ask your administrator to help",
                wait.total_seconds(), code="too_many_attempts",
            )  # fmt: skip

    async def failed(self, attempt: Attempt, now: datetime) -> None:
        """One attempt failed."""
        async with self._database.gate() as connection:
            await connection.execute(_SQL["count"], sorted(attempt.keys()), now, now - WINDOW)

    async def succeeded(self, attempt: Attempt) -> None:
        """The account's holder is there; the address goes on being counted."""
        async with self._database.gate() as connection:
            await connection.execute(_SQL["forget"], _digest("account", attempt.account))


def _digest(kind: str, value: str) -> str:
    return f"{kind}:{sha256(value.encode('utf-8', 'surrogatepass')).hexdigest()}"
