"""Who is there: what agents say of themselves, and that their screens are still open."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import NotFoundError
from niochat.domain.presence import AgentPresenceState
from niochat.ports.audit import AuditActor, AuditEntry

_SQL = queries("agent_presence")

PRESENCE_GRACE_S = 45.0
"""Not seen for so long, neither by a socket nor by a call, somebody counts as gone."""
MAX_EXPIRED = 500
"""In one look."""

AgentKey = tuple[UUID, UUID]
"""(tenant, user)."""


class PresenceStore:
    """Of one tenant at a time for people; of all tenants for who looks after them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_agents(self, tenant_id: UUID) -> list[dict[str, Any]]:
        """Everybody who works here, with ``load`` and ``capacity``; who never came is offline."""
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["list"], tenant_id, PRESENCE_GRACE_S, None)
        return [dict(row) for row in rows]

    async def get_agent(self, tenant_id: UUID, user_id: UUID) -> dict[str, Any]:
        """One of them. Raises ``NotFoundError``."""
        async with self._database.as_tenant(tenant_id) as connection:
            return await _one(connection, tenant_id, user_id)

    async def set_own_state(
        self,
        tenant_id: UUID,
        user_id: UUID,
        state: AgentPresenceState,
        reason: str,
        actor: AuditActor,
    ) -> dict[str, Any]:
        """They are there, away or gone from this commit on: who is not online is given nothing.
        Raises ``NotFoundError`` for who does not work here.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            before = await _locked(connection, tenant_id, user_id)
            changed = {**before, "state": state.value, "reason": reason}
            await _put(connection, tenant_id, user_id, before, changed, actor, seen=True)
            return await _one(connection, tenant_id, user_id)

    async def override_presence(
        self,
        tenant_id: UUID,
        user_id: UUID,
        actor: AuditActor,
        *,
        offline: bool,
        capacity: int | None,
        keep_capacity: bool = False,
    ) -> dict[str, Any]:
        """What somebody else says: their capacity (None: the tenant's), and that they are gone.
        Raises ``NotFoundError``.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            before = await _locked(connection, tenant_id, user_id)
            changed = dict(before)
            if not keep_capacity:
                changed["capacity"] = capacity
            if offline and before["state"] != AgentPresenceState.OFFLINE:
                changed |= {"state": AgentPresenceState.OFFLINE.value, "reason": "sent"}
            await _put(connection, tenant_id, user_id, before, changed, actor, seen=False)
            return await _one(connection, tenant_id, user_id)

    async def mark_disabled(self, tenant_id: UUID, user_id: UUID, actor: AuditActor) -> None:
        """They work here no more: they are gone, if they ever were there."""
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["lock"], tenant_id, user_id)
            if row is not None and row["state"] != AgentPresenceState.OFFLINE:
                changed = {**row, "state": AgentPresenceState.OFFLINE.value, "reason": "disabled"}
                await _put(connection, tenant_id, user_id, dict(row), changed, actor, seen=False)

    async def record_seen(self, agents: Collection[AgentKey]) -> None:
        """Their sockets are open: one statement for all of a replica."""
        if not agents:
            return
        tenants, users = zip(*sorted(agents), strict=True)
        async with self._database.as_system() as connection:
            await connection.execute(_SQL["mark_seen"], list(tenants), list(users))

    async def expire_unseen(self, shards: Sequence[int]) -> Sequence[AgentKey]:
        """Whoever of these shards' tenants was not seen for ``PRESENCE_GRACE_S`` is offline from
        now on.
        """
        async with self._database.as_system() as connection:
            rows = await connection.fetch(
                _SQL["expire"], list(shards), PRESENCE_GRACE_S, MAX_EXPIRED
            )
        return [(row["tenant_id"], row["user_id"]) for row in rows]


async def _locked(connection: Connection, tenant_id: UUID, user_id: UUID) -> dict[str, Any]:
    await connection.execute(_SQL["create"], tenant_id, user_id)
    row = await connection.fetchrow(_SQL["lock"], tenant_id, user_id)
    if row is None:
        raise NotFoundError("The user does not exist.")
    return dict(row)


async def _put(
    connection: Connection,
    tenant_id: UUID,
    user_id: UUID,
    before: dict[str, Any],
    changed: dict[str, Any],
    actor: AuditActor,
    *,
    seen: bool,
) -> None:
    state, reason = changed["state"], changed["reason"]
    await connection.execute(
        _SQL["update"], tenant_id, user_id, state, reason, changed["capacity"], seen
    )
    if (state, reason) != (before["state"], before["reason"]):
        await connection.execute(_SQL["insert_change"], tenant_id, user_id, state, reason)
    if changed != before:
        target = f"user:{user_id}"
        await record_change(
            connection, AuditEntry(tenant_id, actor, "presence.change", target, before, changed)
        )


async def _one(connection: Connection, tenant_id: UUID, user_id: UUID) -> dict[str, Any]:
    row = await connection.fetchrow(_SQL["list"], tenant_id, PRESENCE_GRACE_S, user_id)
    if row is None:
        raise NotFoundError("The user does not exist.")
    return dict(row)
