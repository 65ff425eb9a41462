"""Idempotency keys: a request that is sent twice is executed once, and its response is replayed.

The change and the response are two transactions. The first one records on the key what was done
(``adapters/postgres/audit_log.py``). A request that died before it is executed again; one that died
between the two is not, and its repetition gets an error that says what was done.
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
"""The purpose of its seals."""
RESPONSE_RETENTION = timedelta(hours=24)
LEASE_DURATION = timedelta(seconds=120)
"""Longer than any route takes, even when a gateway does not answer. After it without a response
the process that holds the key counts as dead.
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
    """The key is ours: execute the request, then finish or release."""

    id: UUID
    holder: UUID


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """The response that was sent before."""

    status: int
    body: str = field(repr=False)


class IdempotencyKeyReusedError(OperationRefusedError):
    """The key was used for another request."""

    code = "key_reused"


class ResponseLostError(OperationRefusedError):
    """The request was executed, and the process died before it stored the response."""

    code = "answer_lost"


class IdempotencyStore:
    """The keys of all callers, under the role that signs callers in."""

    def __init__(self, database: Database, seals: Encryptor) -> None:
        self._database = database
        self._seals = seals

    async def begin(self, request: IdempotentRequest) -> IdempotencyLease | StoredResponse:
        """Take the key, or get the stored response. Raises ``IdempotencyKeyReusedError``,
        ``ResponseLostError``, and ``OperationRefusedError`` (``in_progress``) while another process
        executes the request.
        """
        holder = uuid4()
        place = (request.tenant_id, request.caller, request.route, request.key)
        async with self._database.as_auth() as connection:
            ours = await connection.fetchval(
                _SQL["begin"],
                *place,
                request.request_digest,
                holder,
                LEASE_DURATION,
                RESPONSE_RETENTION,
            )
            row = None if ours else await connection.fetchrow(_SQL["find"], *place)
        if ours:
            return IdempotencyLease(ours, holder)
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
        self, request: IdempotentRequest, lease: IdempotencyLease, answer: StoredResponse
    ) -> None:
        """Store the response of the request."""
        sealed = self._seals.seal(
            answer.body, tenant_id=request.tenant_id or PLATFORM_TENANT_ID, purpose=PURPOSE
        )
        async with self._database.as_auth() as connection:
            await connection.execute(_SQL["finish"], lease.id, lease.holder, answer.status, sealed)

    async def release(self, lease: IdempotencyLease) -> None:
        """Give the key back: the request changed nothing."""
        async with self._database.as_auth() as connection:
            await connection.execute(_SQL["release"], lease.id, lease.holder)

    async def delete_expired(self) -> int:
        """Delete the keys whose retention is over, in batches. Returns their number."""
        total, deleted = 0, _BATCH_SIZE
        while deleted == _BATCH_SIZE:
            async with self._database.as_auth() as connection:
                done = await connection.execute(
                    _SQL["delete_expired"], RESPONSE_RETENTION, _BATCH_SIZE
                )
            deleted = int(done.split()[-1])
            total += deleted
        return total

    def _unseal(self, request: IdempotentRequest, sealed: bytes) -> str:
        return self._seals.open(
            sealed, tenant_id=request.tenant_id or PLATFORM_TENANT_ID, purpose=PURPOSE
        )
