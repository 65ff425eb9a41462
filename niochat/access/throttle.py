"""Guessing is slowed down: attempts are counted before they are judged, whoever makes them.

Strangers cannot shut a known person out. What is counted strictly is what they do themselves: from
one address, at one account from one address. What is counted of an account from everywhere only
delays, and not devices on which its holder was before (``identity/login/known_devices.py``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from niochat.adapters.postgres.audit import record
from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.audit import AuditActor, AuditEntry
from niochat.domain.errors import NotFoundError, RateLimitedError

_SQL = queries("throttle")

WINDOW = timedelta(minutes=15)
OF_ACCOUNT, OF_ADDRESS = 10, 100
"""Attempts in a window: at one account from one address or known device, and from one address. Many
agents of one provider share one address; those who come in are not counted.
"""
FROM_EVERYWHERE = 30
"""At one account from devices that are not known; from here on each one more is delayed."""
LONGEST_DELAY = timedelta(minutes=1)
"""The delay doubles from one second up to this."""
KEPT = timedelta(days=2)
"""A count, after which it is swept out."""
_ADDRESS = "address:"


@dataclass(frozen=True, slots=True)
class Limit:
    """``most`` attempts in a window; then none until it is over, or where it ``delays`` one at a
    time.
    """

    key: str
    most: int
    delays: bool = False


Limits = Sequence[Limit]


def signing_in(login: str, address: str, device: str) -> Limits:
    """``device``: the id of one that is known for this account, else empty."""
    account = _digest(login)
    if device:
        return (Limit(f"device:{account}:{_digest(device)}", OF_ACCOUNT), from_address(address))
    return (
        Limit(f"pair:{account}:{_digest(address)}", OF_ACCOUNT),
        from_address(address),
        Limit(f"account:{account}", FROM_EVERYWHERE, delays=True),
    )


def from_address(address: str) -> Limit:
    """Whatever they try."""
    return Limit(f"{_ADDRESS}{_digest(address)}", OF_ADDRESS)


def of_account(what: str, account: str) -> Limit:
    """``what`` somebody tries at one account, wherever they are."""
    return Limit(f"{what}:{_digest(account)}", OF_ACCOUNT)


@dataclass(frozen=True, slots=True)
class _Count:
    """Of one key. Neither log-ins nor addresses are kept in the clear."""

    key: str
    failures: int
    since: datetime
    next_at: datetime | None

    def wait(self, limit: Limit, now: datetime) -> timedelta:
        """Until the next attempt is judged; zero: at once."""
        if self.failures < limit.most:
            return timedelta(0)
        until = self.next_at if limit.delays else self.since + WINDOW
        return timedelta(0) if until is None else max(until - now, timedelta(0))

    def one_more(self, limit: Limit, now: datetime) -> "_Count":
        """This attempt is counted."""
        failures, next_at = self.failures + 1, None
        if limit.delays and failures >= limit.most:
            doubled = timedelta(seconds=2 ** min(failures - limit.most, 10))
            next_at = now + min(doubled, LONGEST_DELAY)
        return replace(self, failures=failures, next_at=next_at)

    def fewer(self, count: int) -> "_Count":
        """So many turned out not to have been guesses."""
        return replace(self, failures=max(self.failures - count, 0), next_at=None)


class Throttle:
    """Counts in the database: every replica counts the same, and a restart forgets nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, limits: Limits, now: datetime) -> None:
        """Count an attempt that is about to be judged. Raises ``RateLimitedError`` for one that is not to
        be, also for the right password; that counts nothing.
        """
        async with self._database.gate() as connection:
            await connection.execute(_SQL["sweep"], now - KEPT)
            counts = await _held(connection, limits, now)
            wait = max(counts[limit.key].wait(limit, now) for limit in limits)
            if wait > timedelta(0):
                raise RateLimitedError(
                    "Too many failed attempts. Wait, or sign in from a device that you used before.",
                    wait.total_seconds(), code="too_many_attempts",
                )  # fmt: skip
            await _put(connection, [counts[each.key].one_more(each, now) for each in limits])

    async def withdraw(self, limits: Limits, now: datetime) -> None:
        """What was begun was no guess."""
        async with self._database.gate() as connection:
            counts = await _held(connection, limits, now)
            await _put(connection, [count.fewer(1) for count in counts.values()])

    async def succeeded(self, limits: Limits, now: datetime) -> None:
        """The account's holder is there: their own mistakes, which the first limit counts, are
        forgiven. Their address goes on being counted, but for this attempt.
        """
        async with self._database.gate() as connection:
            counts = await _held(connection, limits, now)
            mistakes = counts[limits[0].key].failures
            await _put(connection, [
                count.fewer(1 if count.key.startswith(_ADDRESS) else mistakes)
                for count in counts.values()
            ])  # fmt: skip

    async def unlock(self, login: str, who: AuditActor) -> None:
        """Forget what was counted against an account. Raises ``NotFoundError``."""
        login = login.strip().lower()
        account = _digest(login)
        alone = [f"{what}:{account}" for what in ("account", "reset", "told")]
        begun = [f"{what}:{account}:" for what in ("pair", "device")]
        async with self._database.gate() as connection:
            user = await connection.fetchrow(_SQL["holder"], login)
            if user is None:
                raise NotFoundError("No user has this login.")
            alone.append(of_account("second factor", str(user["id"])).key)
            await connection.execute(_SQL["unlock"], alone, begun)
            target = f"user:{user['id']}"
            await record(connection, AuditEntry(user["tenant_id"], who, "users.unlock", target))


async def _held(connection: Connection, limits: Limits, now: datetime) -> dict[str, _Count]:
    """As counted so far; a window that is over begins anew."""
    rows: list[Any] = await connection.fetch(_SQL["hold"], [each.key for each in limits], now)
    counts = {}
    for row in rows:
        count = _Count(**row)
        over = count.since <= now - WINDOW
        counts[count.key] = _Count(count.key, 0, now, None) if over else count
    return counts


async def _put(connection: Connection, counts: Sequence[_Count]) -> None:
    columns = zip(
        *((each.key, each.failures, each.since, each.next_at) for each in counts), strict=True
    )
    await connection.execute(_SQL["put"], *map(list, columns))


def _digest(value: str) -> str:
    return sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
