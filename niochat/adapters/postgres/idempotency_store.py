"""Idempotency keys: a request that is sent twice is executed once, and its response is replayed.

The change and the response are two transactions. The first one records on the key what was done
(``adapters/postgres/audit_log.py``). If the process dies before the first one, a repeated request
is executed. If it dies between the two, a repeated request is not executed and gets an error that
says what was done.
See draft-ietf-httpapi-idempotency-key-header.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import OperationRefusedError
from niochat.domain.ids import PLATFORM_TENANT_ID
from niochat.ports.encryption import Encryptor

_SQL = queries("idempotency")

PURPOSE = "kept answer"
"""The purpose under which responses are sealed."""
RESPONSE_RETENTION = timedelta(hours=24)
LEASE_DURATION = timedelta(seconds=120)
"""Longer than any route takes, even when a gateway does not respond. A process that holds the key
and has not stored a response by then counts as dead.
"""
CLEANUP_INTERVAL_S = 600.0
_BATCH_SIZE = 1000


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """A request with a key: its caller, its route and the digest of its content."""

    tenant_id: UUID | None
    caller: UUID
    route: str
    key: str
    request_digest: bytes


@dataclass(frozen=True, slots=True)
class IdempotencyLease:
    """The right of one caller to execute the request, until it calls ``finish`` or ``release``."""

    id: UUID
    holder: UUID


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The response to the first request."""

    status: int
    body: str = field(repr=False)


class IdempotencyKeyReusedError(OperationRefusedError):
    """The key was used for another request."""

    code = "key_reused"


class ResponseLostError(OperationRefusedError):
    """The request was executed, and the process died before it stored the response."""

    code = "answer_lost"


class IdempotencyStore:
    """Stores the keys of all callers, on auth connections."""

    def __init__(self, database: Database, seals: Encryptor) -> None:
        self._database = database
        self._seals = seals

    async def begin(self, request: IdempotentRequest) -> IdempotencyLease | StoredResponse:
        """Take the key, or get the stored response. Raises ``IdempotencyKeyReusedError``,
        ``ResponseLostError``, and ``OperationRefusedError`` (``in_progress``) while another process
        executes the request.
        """
        holder = uuid4()
        key_fields = (request.tenant_id, request.caller, request.route, request.key)
        async with self._database.as_auth() as connection:
            lease_id = await connection.fetchval(
                _SQL["begin"],
                *key_fields,
                request.request_digest,
                holder,
                LEASE_DURATION,
                RESPONSE_RETENTION,
            )
            row = None if lease_id else await connection.fetchrow(_SQL["find"], *key_fields)
        if lease_id:
            return IdempotencyLease(lease_id, holder)
        if row is not None and row["request"] != request.request_digest:
            raise IdempotencyKeyReusedError(
                "The Idempotency-Key was already used for another request. Use a new key."
            )
        if row is not None and row["status"] is None and row["acted"] and row["over"]:
            raise ResponseLostError(
                f"The request was executed ({row['acted']}), but its response is lost. Check the "
                "result before you send another request with a new key."
            )
        if row is None or row["status"] is None:
            raise OperationRefusedError(
                "The same request is in progress. Repeat it later.", code="in_progress"
            )
        return StoredResponse(row["status"], self._unseal(request, row["answer_sealed"]))

    async def finish(
        self, request: IdempotentRequest, lease: IdempotencyLease, response: StoredResponse
    ) -> None:
        """Store the response of the request."""
        sealed = self._seals.seal(
            response.body, tenant_id=request.tenant_id or PLATFORM_TENANT_ID, purpose=PURPOSE
        )
        async with self._database.as_auth() as connection:
            await connection.execute(
                _SQL["finish"], lease.id, lease.holder, response.status, sealed
            )

    async def release(self, lease: IdempotencyLease) -> None:
        """Release the key of a request that changed nothing."""
        async with self._database.as_auth() as connection:
            await connection.execute(_SQL["release"], lease.id, lease.holder)

    async def delete_expired(self) -> int:
        """Delete the keys whose retention is over, in batches. Returns their number."""
        total, deleted = 0, _BATCH_SIZE
        while deleted == _BATCH_SIZE:
            async with self._database.as_auth() as connection:
                status = await connection.execute(
                    _SQL["delete_expired"], RESPONSE_RETENTION, _BATCH_SIZE
                )
            deleted = int(status.split()[-1])
            total += deleted
        return total

    def _unseal(self, request: IdempotentRequest, sealed: bytes) -> str:
        return self._seals.open(
            sealed, tenant_id=request.tenant_id or PLATFORM_TENANT_ID, purpose=PURPOSE
        )
