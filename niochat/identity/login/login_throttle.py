"""Limits sign-in attempts. Each attempt is counted before its password is checked.

Other people's attempts cannot lock the holder out of an account. Attempts are refused only by
counts per address, and per account and address. The count per account over all addresses only
delays attempts, and does not apply to known devices (:mod:`niochat.identity.login.known_devices`).
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
"""Failed attempts per window: at one account from one address or known device, and from one
address. The second limit is high because all agents of a provider may share one address.
"""
MAX_UNDELAYED_ATTEMPTS = 30
"""Failed attempts per window at one account from unknown devices, before each further one is
delayed.
"""
MAX_DELAY = timedelta(minutes=1)
"""Maximum delay. The delay starts at one second and doubles with each attempt."""
COUNT_RETENTION = timedelta(days=2)
"""Age at which a count is deleted."""
_ADDRESS = "address:"


@dataclass(frozen=True, slots=True)
class AttemptLimit:
    """Allows ``max_attempts`` in a window. Further ones are refused until the window is over, or,
    if ``delays``, allowed singly after growing delays.
    """

    key: str
    max_attempts: int
    delays: bool = False


AttemptLimits = Sequence[AttemptLimit]


def sign_in_limits(login: str, address: str, device: str) -> AttemptLimits:
    """Limits of a sign-in. ``device`` is the id of a known device of this account, else empty."""
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
    """Limit of all attempts from one address."""
    return AttemptLimit(f"{_ADDRESS}{_digest(address)}", MAX_ATTEMPTS_PER_ADDRESS)


def account_limit(operation: str, account: str) -> AttemptLimit:
    """Limit of one ``operation`` at one account from all addresses."""
    return AttemptLimit(f"{operation}:{_digest(account)}", MAX_ATTEMPTS_PER_ACCOUNT)


@dataclass(frozen=True, slots=True)
class _AttemptCount:
    """Failed attempts under one key. Keys hold digests of logins and addresses."""

    key: str
    failures: int
    since: datetime
    next_at: datetime | None

    def wait(self, limit: AttemptLimit, now: datetime) -> timedelta:
        """Time until the next attempt is allowed; zero if it is allowed now."""
        if self.failures < limit.max_attempts:
            return timedelta(0)
        until = self.next_at if limit.delays else self.since + ATTEMPT_WINDOW
        return timedelta(0) if until is None else max(until - now, timedelta(0))

    def incremented(self, limit: AttemptLimit, now: datetime) -> "_AttemptCount":
        """The count with one more attempt."""
        failures, next_at = self.failures + 1, None
        if limit.delays and failures >= limit.max_attempts:
            surplus, max_s = failures - limit.max_attempts, MAX_DELAY.total_seconds()
            next_at = now + timedelta(seconds=backoff_s(surplus, base_s=1.0, max_s=max_s))
        return replace(self, failures=failures, next_at=next_at)

    def decremented(self, count: int) -> "_AttemptCount":
        """The count without ``count`` attempts that were no guesses."""
        return replace(self, failures=max(self.failures - count, 0), next_at=None)


class LoginThrottle:
    """Counts attempts in the database, so that counts are shared by replicas and
    survive restarts.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count_attempt(self, limits: AttemptLimits, now: datetime) -> None:
        """Count an attempt before the password is checked.

        Raises ``RateLimitedError`` if the attempt is not allowed, even with the right password. A
        refused attempt is not counted.
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
        """Uncount an attempt that turned out to be no guess."""
        async with self._database.as_auth() as connection:
            counts = await _lock_counts(connection, limits, now)
            await _save_counts(connection, [count.decremented(1) for count in counts.values()])

    async def record_success(self, limits: AttemptLimits, now: datetime) -> None:
        """Reset the holder's own failed attempts, which the first of ``limits`` counts.

        The same number is subtracted from the account's count. From the count of the address only
        this attempt is subtracted.
        """
        async with self._database.as_auth() as connection:
            counts = await _lock_counts(connection, limits, now)
            own_failures = counts[limits[0].key].failures
            await _save_counts(
                connection,
                [
                    count.decremented(1 if count.key.startswith(_ADDRESS) else own_failures)
                    for count in counts.values()
                ],
            )

    async def unlock_account(self, login: str, actor: AuditActor) -> None:
        """Delete all counts of an account. Raises ``NotFoundError`` if no user has this login."""
        login = login.strip().lower()
        account = _digest(login)
        keys = [f"{what}:{account}" for what in ("account", "reset", "told")]
        prefixes = [f"{what}:{account}:" for what in ("pair", "device")]
        async with self._database.as_auth() as connection:
            user = await connection.fetchrow(_SQL["find_user_by_login"], login)
            if user is None:
                raise NotFoundError("No user has this login.")
            keys.append(account_limit("second factor", str(user["id"])).key)
            await connection.execute(_SQL["clear_counts"], keys, prefixes)
            target = f"user:{user['id']}"
            await record_change(
                connection, AuditEntry(user["tenant_id"], actor, "users.unlock", target)
            )


async def _lock_counts(
    connection: Connection, limits: AttemptLimits, now: datetime
) -> dict[str, _AttemptCount]:
    """Lock and return the counts by key; a count whose window is over starts at zero."""
    rows: list[Any] = await connection.fetch(
        _SQL["lock_counts"], [each.key for each in limits], now
    )
    counts = {}
    for row in rows:
        count = _AttemptCount(**row)
        is_over = count.since <= now - ATTEMPT_WINDOW
        counts[count.key] = _AttemptCount(count.key, 0, now, None) if is_over else count
    return counts


async def _save_counts(connection: Connection, counts: Sequence[_AttemptCount]) -> None:
    columns = zip(
        *((each.key, each.failures, each.since, each.next_at) for each in counts), strict=True
    )
    await connection.execute(_SQL["save_counts"], *map(list, columns))


def _digest(value: str) -> str:
    return digest_text(value).hex()
