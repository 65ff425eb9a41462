"""Database connections: one pool each for the system, for single tenants, and for sign-in."""

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
import orjson
import structlog

from niochat.domain.errors import (
    ConflictError,
    InvalidInputError,
    NiochatError,
    NotFoundError,
    UnavailableError,
)

_log = structlog.get_logger(__name__)

# A paused process must not hold row locks for long: the server ends its transaction.
_TIMEOUTS = {
    "idle_in_transaction_session_timeout": "5s",
    "lock_timeout": "5s",
    "statement_timeout": "15s",
    # A machine that vanished or was cut off closes no connection: by default the server would keep
    # its session, and the supervisor's lock with it, for two hours.
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10000",
}

PLANNER_SETTINGS = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "enable_material": "off",
    "enable_bitmapscan": "off",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
}
"""Every query of the product selects a few rows by their keys. PostgreSQL plans a prepared
statement with the statistics of its first use, and a new database has none. Without these settings
it scanned whole tables for weeks, or compiled for 100 ms a query that runs in 1 ms. A new plan for
each call, which PostgreSQL makes where the length of an array seems to matter, cost more than the
call itself. Reports will have connections of their own.
"""

_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shut down, starting up, cancelled by a time-out
    asyncpg.InsufficientResourcesError,  # disk full, too many connections
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,  # a standby before it is promoted
    asyncpg.InvalidTransactionStateError,
    asyncpg.PostgresSystemError,
    asyncpg.InternalServerError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the driver's own error when a server dies while it responds
    OSError,
    TimeoutError,
    ssl.SSLError,
)
"""Errors after which a later retry may succeed."""

Connection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"


class Database:
    """Three pools on one database, each with its own role: ``as_system()`` is ``niochat_system``,
    ``as_tenant()`` ``niochat_app``, ``as_auth()`` ``niochat_gate``.
    """

    def __init__(
        self,
        system_pool: "asyncpg.Pool[Any]",
        tenant_pool: "asyncpg.Pool[Any]",
        auth_pool: "asyncpg.Pool[Any]",
    ) -> None:
        self._system_pool = system_pool
        self._tenant_pool = tenant_pool
        self._auth_pool = auth_pool

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        size: int = 8,
        timeouts: dict[str, str] | None = None,
        command_timeout_s: float = 20,
    ) -> "Database":
        """Connect lazily: the first use fails when the server is away, not this call."""
        settings = {**_TIMEOUTS, **PLANNER_SETTINGS, **(timeouts or {})}
        pools = [
            asyncpg.create_pool(
                url,
                min_size=0,
                max_size=max_size,
                init=_use_json,
                reset=_skip_reset,
                command_timeout=command_timeout_s,
                timeout=5,
                server_settings={**settings, "role": role, "application_name": "niochat"},
            )
            for role, max_size in (
                ("niochat_system", size),
                ("niochat_app", max(size // 2, 2)),
                ("niochat_gate", max(size // 2, 2)),
            )
        ]
        for pool in pools:
            await pool
        return cls(*pools)

    async def close(self) -> None:
        """Close idle connections, then those in use as they become idle."""
        for pool in (self._system_pool, self._tenant_pool, self._auth_pool):
            await pool.close()

    def terminate(self) -> None:
        """Drop all connections at once."""
        for pool in (self._system_pool, self._tenant_pool, self._auth_pool):
            pool.terminate()

    @asynccontextmanager
    async def as_system(self) -> AsyncIterator[Connection]:
        """A connection that sees the tables of the message path for all tenants."""
        with translate_errors():
            async with self._system_pool.acquire(timeout=5) as connection:
                yield connection

    @asynccontextmanager
    async def system_session(self) -> AsyncIterator[Connection]:
        """The same for session state such as an advisory lock; the state ends with the block."""
        async with self.as_system() as connection:
            try:
                yield connection
            finally:
                await connection.reset(timeout=5)

    @asynccontextmanager
    async def system_transaction(self) -> AsyncIterator[Connection]:
        """The same as ``as_system()``, within one transaction."""
        async with self.as_system() as connection, self.transaction(connection):
            yield connection

    @asynccontextmanager
    async def transaction(self, connection: Connection) -> AsyncIterator[None]:
        """One transaction on a connection of ``as_system()``; batches of the path commit here."""
        async with connection.transaction():
            yield

    async def fetch_autocommit(
        self, connection: Connection, query: str, *values: object
    ) -> list[Any]:
        """The rows of a statement that is its own transaction, in one round trip."""
        rows: list[Any] = await connection.fetch(query, *values)
        return rows

    @asynccontextmanager
    async def as_tenant(self, tenant_id: UUID) -> AsyncIterator[Connection]:
        """A transaction that sees the rows of one tenant and nothing else."""
        with translate_errors():
            async with self._tenant_pool.acquire(timeout=5) as connection:
                # Two statements in one round trip cannot have parameters, but the ``hex`` of a UUID
                # is safe. A failed block is rolled back when the pool takes the connection back.
                await connection.execute(f"BEGIN; SET LOCAL niochat.tenant = '{tenant_id.hex}'")
                yield connection
                await self.commit(connection)

    @asynccontextmanager
    async def as_auth(self) -> AsyncIterator[Connection]:
        """A transaction that sees accounts and sessions of all tenants, and little else."""
        with translate_errors():
            async with self._auth_pool.acquire(timeout=5) as connection, connection.transaction():
                yield connection

    async def commit(self, connection: Connection) -> None:
        """Commit the transaction of ``as_tenant()``; every change of a tenant commits here."""
        await connection.execute("COMMIT")


@contextmanager
def translate_errors() -> Iterator[None]:
    """Translate the driver's errors into ``NiochatError``."""
    try:
        yield
    except NiochatError:
        raise
    except Exception as error:
        translated = _translate_error(error)
        if translated is None:
            raise
        raise translated from error


async def fetch_one(
    connection: Connection, query: str, *values: object, what: str
) -> dict[str, Any]:
    """The row of a query that returns one row. Raises ``NotFoundError``, which names ``what``."""
    row = await connection.fetchrow(query, *values)
    if row is None:
        raise NotFoundError(f"The {what} does not exist.")
    return dict(row)


def _translate_error(error: BaseException) -> NiochatError | None:
    match error:
        case asyncpg.DeadlockDetectedError() | asyncpg.SerializationError():
            return ConflictError(_reason(error))
        case asyncpg.InterfaceError() if isinstance(error, ValueError):
            # The driver cannot encode the value: a lone surrogate, a number out of range.
            return InvalidInputError("the database cannot hold the data", code="bad_data")
        case (
            asyncpg.DataError()
            | asyncpg.ProgramLimitExceededError()
            | asyncpg.IntegrityConstraintViolationError()
        ):
            # The message names tables instead of the caller's fields, so it is only logged.
            _log.warning("data_refused", reason=_reason(error))
            return InvalidInputError("this cannot be stored as it is", code="bad_data")
        case BaseException() if isinstance(error, _AWAY):
            return UnavailableError(f"the database did not do it: {error!r}", code="database")
        case asyncpg.PostgresError():
            # Our own statement is wrong, or its role may not run it: a retry cannot help.
            return NiochatError(f"the database refuses: {_reason(error)}", code="bad_statement")
        case _:
            return None


async def _skip_reset(connection: Any) -> None:
    """Skip the reset, which costs a round trip each time: no session state is left behind."""


async def _use_json(connection: Any) -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name,
            encoder=lambda value: orjson.dumps(value, default=_plain).decode(),
            decoder=orjson.loads,
            schema="pg_catalog",
        )


def _plain(value: object) -> str:
    """Encode a UUID of the driver's own class, which was read from another row."""
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


def _reason(error: BaseException) -> str:
    """PostgreSQL's message alone: its detail shows values of the row, such as a phone number."""
    return str(error.args[0]) if error.args else type(error).__name__
