"""The audit log as a chain: each link is a digest of some rows and of the link before it.

Links are added after the rows are written, never in the commit of a step. Altering, adding or
removing a sealed row breaks a link. Somebody with write access to the whole database can build a
new chain or cut the last links off; the head stored elsewhere (``audit/audit_head_store.py``)
reveals that.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson

from niochat.adapters import clock
from niochat.adapters.postgres.audit_log import record_access
from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.audit.audit_head_store import AuditChainHead, AuditHeadStore
from niochat.domain.errors import OperationRefusedError
from niochat.ports.audit import AuditEntry
from niochat.runtime.periodic_loop import IntervalTimer, run_periodically

_SQL = queries("audit")

BATCH_SIZE = 1000
"""The most rows of one link."""
SEAL_INTERVAL_S = 5.0
HEAD_INTERVAL_S = 60.0
"""How often the head is saved outside the database."""


@dataclass(frozen=True, slots=True)
class _ChainEnd:
    """The end of the chain; all zero before the first link."""

    number: int = 0
    xid: str = "0"
    id: int = 0
    digest: bytes = b""


@dataclass(frozen=True, slots=True)
class AuditVerification:
    """The result of a verification. ``broken``: the number of the first link that is wrong, None
    when all are right. ``unsealed``: the number of rows without a link. ``head``: the hexadecimal
    digest of the last link. ``head_links``: the number of links of the saved head with which the
    chain was compared, None without one. ``kept_from``: the first month, ``YYYY-MM``, that was not
    dropped, None if none was; the links before are not verified then.
    """

    links: int
    rows: int
    unsealed: int
    head: str
    broken: int | None = None
    head_links: int | None = None
    kept_from: str | None = None


@dataclass(frozen=True, slots=True)
class _VerifiedPart:
    """Where a verification begins or has come to: the link, the rows up to it, the first month that
    was not dropped, and the number of a link that is wrong already.
    """

    end: _ChainEnd = _ChainEnd()
    rows: int = 0
    kept_from: str | None = None
    broken: int | None = None


class AuditChain:
    """Reads the audit log of one tenant; seals and verifies the log of all tenants."""

    def __init__(
        self, database: Database, batch: int = BATCH_SIZE, heads: AuditHeadStore | None = None
    ) -> None:
        """Without ``heads`` no head is saved."""
        self._database = database
        self._batch = batch
        self._heads = heads
        self._head_timer = IntervalTimer(HEAD_INTERVAL_S)

    async def list_entries(
        self,
        tenant_id: UUID,
        *,
        before: int | None,
        who: str | None,
        target: str | None,
        limit: int,
    ) -> list[dict[str, Any]]:
        """Entries of a tenant, the newest first."""
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["list"], tenant_id, before, who, target, limit)
        return [dict(row) for row in rows]

    async def write_entry(self, entry: AuditEntry) -> None:
        """Write an entry about a read, or about a change outside the database."""
        transaction = (
            self._database.as_auth()
            if entry.tenant_id is None
            else self._database.as_tenant(entry.tenant_id)
        )
        async with transaction as connection:
            await record_access(connection, entry)

    async def seal_batch(self) -> int:
        """Add one link over the next unsealed rows. Returns the number of these rows; 0 when there
        are none, or when another process is sealing.
        """
        async with self._database.as_auth() as connection:
            if not await connection.fetchval(_SQL["lock"]):
                return 0
            end = await _load_chain_end(connection)
            rows = await connection.fetch(_SQL["list_unsealed"], end.xid, end.id, self._batch)
            if not rows:
                return 0
            last, digest = rows[-1], _link_digest(end.digest, rows)
            await connection.execute(
                _SQL["insert_link"], end.number + 1, last["xid"], last["id"], len(rows), digest
            )
        return len(rows)

    async def run_sealing(self) -> None:
        """Seal every few seconds and save the head every minute, until cancelled."""
        await run_periodically("audit_sealing_failed", SEAL_INTERVAL_S, self._seal_all)

    async def _seal_all(self) -> None:
        while await self.seal_batch() == self._batch:
            pass
        if self._head_timer.restart_if_due():
            await self.save_head(clock.now())

    async def save_head(self, now: datetime) -> AuditChainHead | None:
        """Save the signed head of the chain outside the database. Returns None when no store is
        configured, when another process is working on the chain, or when neither the chain nor the
        vault's key has changed. Raises ``OperationRefusedError`` (``audit_cut``) when the chain
        does not contain the saved head, which is then left unchanged as evidence.
        """
        if self._heads is None or not self._heads.is_configured:
            return None
        async with self._database.as_auth() as connection:
            if not await connection.fetchval(_SQL["lock"]):
                return None
            saved = await self._heads.read()
            end, since, rows = await _load_chain_end(connection), 0, 0
            if saved is not None:
                digest = await connection.fetchval(_SQL["link_digest"], saved.links)
                if digest is None or digest.hex() != saved.digest:
                    raise OperationRefusedError(
                        "the audit log's chain lacks the head that was kept: niochat audit verify",
                        code="audit_cut",
                    )
                since, rows = saved.links, saved.rows
            if end.number == since and (saved is None or saved.current):
                return None
            rows += await connection.fetchval(_SQL["count_linked_rows"], since)
            head = AuditChainHead(end.number, rows, end.digest.hex(), now)
            await self._heads.write(head)
        return head

    async def verify(self, head: AuditChainHead | None = None) -> AuditVerification:
        """Verify the whole chain, and that it contains ``head`` if one is given."""
        verdict = await self._verify_links(head)
        if head is None:
            return verdict
        short = verdict.broken is None and verdict.links < head.links
        broken = verdict.links + 1 if short else verdict.broken
        return replace(verdict, broken=broken, head_links=head.links)

    async def _verify_links(self, head: AuditChainHead | None) -> AuditVerification:
        async with self._database.as_auth() as connection:
            start = await _find_start(connection, head)
            if start.broken is not None:
                return await self._verification(connection, start, start.end, start.broken)
        end, rows_seen = start.end, start.rows
        while True:
            async with self._database.as_auth() as connection:
                links = await connection.fetch(_SQL["list_links"], end.number, 100)
                for link in links:
                    upto = (end.xid, end.id, link["upto_xid"], link["upto_id"])
                    # One row more than expected reveals an added row without reading all of them.
                    rows = await connection.fetch(_SQL["list_sealed"], *upto, link["rows"] + 1)
                    fits = link["number"] == end.number + 1 and len(rows) == link["rows"]
                    seen = replace(start, rows=rows_seen)
                    if not fits or _link_digest(end.digest, rows) != link["digest"]:
                        return await self._verification(connection, seen, end, end.number + 1)
                    end = _ChainEnd(
                        link["number"], link["upto_xid"], link["upto_id"], link["digest"]
                    )
                    rows_seen += link["rows"]
                    if head is not None and not _matches_head(end, rows_seen, head):
                        seen = replace(start, rows=rows_seen)
                        return await self._verification(connection, seen, end, end.number)
                if not links:
                    seen = replace(start, rows=rows_seen)
                    return await self._verification(connection, seen, end, None)

    async def _verification(
        self, connection: Connection, seen: _VerifiedPart, end: _ChainEnd, broken: int | None
    ) -> AuditVerification:
        unsealed = await connection.fetchval(_SQL["count_unsealed"], end.xid, end.id)
        digest = end.digest.hex()
        return AuditVerification(
            end.number, seen.rows, unsealed, digest, broken, kept_from=seen.kept_from
        )


async def _find_start(connection: Connection, head: AuditChainHead | None) -> _VerifiedPart:
    """Where the verification begins: at the first link, or behind the months that were dropped.
    A head of before them is compared with its link alone.
    """
    drop = await connection.fetchrow(_SQL["last_drop"])
    if drop is None:
        return _VerifiedPart()
    link = await connection.fetchrow(_SQL["find_link"], drop["link"])
    if link is None:
        return _VerifiedPart(kept_from=drop["kept_from"], broken=drop["link"])
    end = _ChainEnd(link["number"], link["upto_xid"], link["upto_id"], link["digest"])
    broken = None
    if head is not None and head.links <= end.number:
        known = await connection.fetchrow(_SQL["find_link"], head.links)
        if known is None or (known["digest"].hex(), known["rows_upto"]) != (head.digest, head.rows):
            broken = head.links
    return _VerifiedPart(end, link["rows_upto"], drop["kept_from"], broken)


def _matches_head(end: _ChainEnd, rows: int, head: AuditChainHead) -> bool:
    """Whether this link is not the head's link, or equals the head."""
    return end.number != head.links or (end.digest.hex(), rows) == (head.digest, head.rows)


async def _load_chain_end(connection: Connection) -> _ChainEnd:
    row = await connection.fetchrow(_SQL["last_link"])
    if row is None:
        return _ChainEnd()
    return _ChainEnd(row["number"], row["upto_xid"], row["upto_id"], row["digest"])


def _link_digest(previous: bytes, rows: list[Any]) -> bytes:
    """SHA-256 over the previous link's digest and each row's columns, in one canonical form."""
    digest = sha256(previous)
    for row in rows:
        digest.update(orjson.dumps(dict(row), default=str, option=orjson.OPT_SORT_KEYS))
        digest.update(b"\n")
    return digest.digest()
