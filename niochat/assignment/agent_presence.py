"""Agent presence: the states that agents set, and the last time that their screens were seen."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Connection, Database, fetch_one
from niochat.adapters.postgres.queries import queries
from niochat.domain.presence import AgentPresenceState
from niochat.ports.audit import AuditActor, AuditEntry

_SQL = queries("agent_presence")

PRESENCE_GRACE_S = 45.0
"""An agent who was seen neither by a socket nor by a request for this long becomes offline."""
MAX_EXPIRED = 500
"""Agents that one call of ``expire_unseen`` sets offline at most."""

AgentKey = tuple[UUID, UUID]
"""Tenant and user."""


class PresenceStore:
    """Stores presence. Methods for users work on one tenant with its database role; ``record_seen``
    and ``expire_unseen`` work on all tenants.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_agents(self, tenant_id: UUID) -> list[dict[str, Any]]:
        """Returns all agents of a tenant with ``load`` and ``capacity``. An agent without a stored
        presence is offline.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["list"], tenant_id, PRESENCE_GRACE_S, None)
        return [dict(row) for row in rows]

    async def get_agent(self, tenant_id: UUID, user_id: UUID) -> dict[str, Any]:
        """Returns one agent. Raises ``NotFoundError``."""
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
        """Sets the agent's own state. Once it is committed, queues assign only to online agents.
        Raises ``NotFoundError`` if the tenant has no such user.
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
        """Sets another user's capacity and, with ``offline``, their state.

        ``capacity`` ``None`` means the tenant's; ``keep_capacity`` leaves it as it is. Raises
        ``NotFoundError``.
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
        """Sets a disabled user offline, if they have a stored presence."""
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["lock"], tenant_id, user_id)
            if row is not None and row["state"] != AgentPresenceState.OFFLINE:
                changed = {**row, "state": AgentPresenceState.OFFLINE.value, "reason": "disabled"}
                await _put(connection, tenant_id, user_id, dict(row), changed, actor, seen=False)

    async def record_seen(self, agents: Collection[AgentKey]) -> None:
        """Records that the agents' sockets are open, in one statement for all of a replica."""
        if not agents:
            return
        tenants, users = zip(*sorted(agents), strict=True)
        async with self._database.as_system() as connection:
            await connection.execute(_SQL["mark_seen"], list(tenants), list(users))

    async def expire_unseen(self, shards: Sequence[int]) -> Sequence[AgentKey]:
        """Sets agents of these shards' tenants offline who were not seen for ``PRESENCE_GRACE_S``;
        returns them.
        """
        async with self._database.as_system() as connection:
            rows = await connection.fetch(
                _SQL["expire"], list(shards), PRESENCE_GRACE_S, MAX_EXPIRED
            )
        return [(row["tenant_id"], row["user_id"]) for row in rows]


async def _locked(connection: Connection, tenant_id: UUID, user_id: UUID) -> dict[str, Any]:
    await connection.execute(_SQL["create"], tenant_id, user_id)
    return await fetch_one(connection, _SQL["lock"], tenant_id, user_id, what="user")


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
    return await fetch_one(
        connection, _SQL["list"], tenant_id, PRESENCE_GRACE_S, user_id, what="user"
    )
