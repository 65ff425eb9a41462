"""Guessing is slowed down: attempts are counted before they are judged, whoever makes them.

Strangers cannot shut a known person out. What is counted strictly is what they do themselves: from
one address, at one account from one address. What is counted of an account from everywhere only
delays, and not devices on which its holder was before (``identity/login/known_devices.py``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.backoff import backoff_s
from niochat.domain.errors import NotFoundError, RateLimitedError
from niochat.domain.text_validation import digest_text
from niochat.ports.audit import AuditActor, AuditEntry

_SQL = queries("login_throttle")

ATTEMPT_WINDOW = timedelta(minutes=15)
MAX_ATTEMPTS_PER_ACCOUNT, MAX_ATTEMPTS_PER_ADDRESS = 10, 100
"""Attempts in a window: at one account from one address or known device, and from one address. Many
agents of one provider share one address; those who come in are not counted.
"""
MAX_UNDELAYED_ATTEMPTS = 30
"""At one account from devices that are not known; from here on each one more is delayed."""
MAX_DELAY = timedelta(minutes=1)
"""The delay doubles from one second up to this."""
COUNT_RETENTION = timedelta(days=2)
"""A count, after which it is swept out."""
_ADDRESS = "address:"


@dataclass(frozen=True, slots=True)
class AttemptLimit:
    """``most`` attempts in a window; then none until it is over, or where it ``delays`` one at a
    time.
    """

    key: str
    max_attempts: int
    delays: bool = False


AttemptLimits = Sequence[AttemptLimit]


def sign_in_limits(login: str, address: str, device: str) -> AttemptLimits:
    """``device``: the id of one that is known for this account, else empty."""
    account = _digest(login)
    if device:
        return (
            AttemptLimit(f"device:{account}:{_digest(device)}", MAX_ATTEMPTS_PER_ACCOUNT),
            address_limit(address),
        )
    return (
        AttemptLimit(f"pair:{account}:{_digest(address)}", MAX_ATTEMPTS_PER_ACCOUNT),
        address_limit(address),
        AttemptLimit(f"account:{account}", MAX_UNDELAYED_ATTEMPTS, delays=True),
    )


def address_limit(address: str) -> AttemptLimit:
    """Whatever they try."""
    return AttemptLimit(f"{_ADDRESS}{_digest(address)}", MAX_ATTEMPTS_PER_ADDRESS)


def account_limit(what: str, account: str) -> AttemptLimit:
    """``what`` somebody tries at one account, wherever they are."""
    return AttemptLimit(f"{what}:{_digest(account)}", MAX_ATTEMPTS_PER_ACCOUNT)


@dataclass(frozen=True, slots=True)
class _AttemptCount:
    """Of one key. Neither log-ins nor addresses are kept in the clear."""

    key: str
    failures: int
    since: datetime
    next_at: datetime | None

    def wait(self, limit: AttemptLimit, now: datetime) -> timedelta:
        """Until the next attempt is judged; zero: at once."""
        if self.failures < limit.max_attempts:
            return timedelta(0)
        until = self.next_at if limit.delays else self.since + ATTEMPT_WINDOW
        return timedelta(0) if until is None else max(until - now, timedelta(0))

    def incremented(self, limit: AttemptLimit, now: datetime) -> "_AttemptCount":
        """This attempt is counted."""
        failures, next_at = self.failures + 1, None
        if limit.delays and failures >= limit.max_attempts:
            surplus, max_s = failures - limit.max_attempts, MAX_DELAY.total_seconds()
            next_at = now + timedelta(seconds=backoff_s(surplus, base_s=1.0, max_s=max_s))
        return replace(self, failures=failures, next_at=next_at)

    def decremented(self, count: int) -> "_AttemptCount":
        """So many turned out not to have been guesses."""
        return replace(self, failures=max(self.failures - count, 0), next_at=None)


class LoginThrottle:
    """Counts in the database: every replica counts the same, and a restart forgets nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count_attempt(self, limits: AttemptLimits, now: datetime) -> None:
        """Count an attempt that is about to be judged. Raises ``RateLimitedError`` for one that is
        not to be, also for the right password; that counts nothing.
        """
        async with self._database.as_auth() as connection:
            await connection.execute(_SQL["delete_expired"], now - COUNT_RETENTION)
            counts = await _lock_counts(connection, limits, now)
            wait = max(counts[limit.key].wait(limit, now) for limit in limits)
            if wait > timedelta(0):
                raise RateLimitedError(
                    "Too many failed attempts. Wait, or sign in from a device that you used "
                    "before.",
                    wait.total_seconds(),
                    code="too_many_attempts",
                )
            await _save_counts(
                connection, [counts[each.key].incremented(each, now) for each in limits]
            )

    async def withdraw_attempt(self, limits: AttemptLimits, now: datetime) -> None:
        """What was begun was no guess."""
        async with self._database.as_auth() as connection:
            counts = await _lock_counts(connection, limits, now)
            await _save_counts(connection, [count.decremented(1) for count in counts.values()])

    async def record_success(self, limits: AttemptLimits, now: datetime) -> None:
        """The account's holder is there: their own mistakes, which the first limit counts, are
        forgiven. Their address goes on being counted, but for this attempt.
        """
        async with self._database.as_auth() as connection:
            counts = await _lock_counts(connection, limits, now)
            mistakes = counts[limits[0].key].failures
            await _save_counts(
                connection,
                [
                    count.decremented(1 if count.key.startswith(_ADDRESS) else mistakes)
                    for count in counts.values()
                ],
            )

    async def unlock_account(self, login: str, who: AuditActor) -> None:
        """Forget what was counted against an account. Raises ``NotFoundError``."""
        login = login.strip().lower()
        account = _digest(login)
        alone = [f"{what}:{account}" for what in ("account", "reset", "told")]
        begun = [f"{what}:{account}:" for what in ("pair", "device")]
        async with self._database.as_auth() as connection:
            user = await connection.fetchrow(_SQL["find_user_by_login"], login)
            if user is None:
                raise NotFoundError("No user has this login.")
            alone.append(account_limit("second factor", str(user["id"])).key)
            await connection.execute(_SQL["clear_counts"], alone, begun)
            target = f"user:{user['id']}"
            await record_change(
                connection, AuditEntry(user["tenant_id"], who, "users.unlock", target)
            )


async def _lock_counts(
    connection: Connection, limits: AttemptLimits, now: datetime
) -> dict[str, _AttemptCount]:
    """As counted so far; a window that is over begins anew."""
    rows: list[Any] = await connection.fetch(
        _SQL["lock_counts"], [each.key for each in limits], now
    )
    counts = {}
    for row in rows:
        count = _AttemptCount(**row)
        over = count.since <= now - ATTEMPT_WINDOW
        counts[count.key] = _AttemptCount(count.key, 0, now, None) if over else count
    return counts


async def _save_counts(connection: Connection, counts: Sequence[_AttemptCount]) -> None:
    columns = zip(
        *((each.key, each.failures, each.since, each.next_at) for each in counts), strict=True
    )
    await connection.execute(_SQL["save_counts"], *map(list, columns))


def _digest(value: str) -> str:
    return digest_text(value).hex()
