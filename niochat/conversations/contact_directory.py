"""Labels and blocks of contacts, what belongs to a contact, and the labels in use."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Connection, Database, fetch_one
from niochat.adapters.postgres.queries import queries
from niochat.conversations.contacts import ContactPageRequest, ContactStore, name_digest
from niochat.conversations.conversation_queries import ConversationVisibility
from niochat.domain.errors import OperationRefusedError
from niochat.domain.permissions import ConversationOwner
from niochat.ports.audit import AuditActor, AuditEntry

_SQL = queries("contacts")

EXPORT_BATCH = 500
"""Contacts that an export reads at a time."""
TimePosition = tuple[datetime, UUID]
"""When a message was stored, and its id."""


class ContactDirectory:
    """Reads and changes contacts of one tenant at a time, with that tenant's database role."""

    def __init__(self, database: Database, contacts: ContactStore) -> None:
        self._database = database
        self._contacts = contacts

    async def set_labels(
        self, tenant_id: UUID, contact_id: UUID, labels: list[str], actor: AuditActor
    ) -> dict[str, Any]:
        """Replaces the labels and returns the contact. Raises ``NotFoundError``,
        ``OperationRefusedError`` (``merged``).
        """
        after = sorted(set(labels))
        async with self._database.as_tenant(tenant_id) as connection:
            row = await _lock(connection, tenant_id, contact_id)
            if row["labels"] != after:
                await connection.execute(_SQL["set_labels"], tenant_id, contact_id, after)
                entry = AuditEntry(
                    tenant_id,
                    actor,
                    "contacts.labels",
                    f"contact:{contact_id}",
                    {"labels": row["labels"]},
                    {"labels": after},
                )
                await record_change(connection, entry)
        return await self._contacts.get_contact(tenant_id, contact_id)

    async def set_blocked(
        self, tenant_id: UUID, contact_id: UUID, blocked: bool, actor: AuditActor
    ) -> dict[str, Any]:
        """Blocks or unblocks a contact and returns it. From this commit on, no message of a blocked
        contact opens a conversation. Raises ``NotFoundError``, ``OperationRefusedError``
        (``merged``).
        """
        async with self._database.as_tenant(tenant_id) as connection:
            row = await _lock(connection, tenant_id, contact_id)
            await connection.execute(_SQL["set_blocked"], tenant_id, contact_id, blocked)
            entry = AuditEntry(
                tenant_id,
                actor,
                "contacts.block" if blocked else "contacts.unblock",
                f"contact:{contact_id}",
                {"blocked": row["blocked_at"] is not None},
                {"blocked": blocked},
            )
            await record_change(connection, entry)
        return await self._contacts.get_contact(tenant_id, contact_id)

    async def list_unresolved(self, tenant_id: UUID, contact_id: UUID) -> list[dict[str, Any]]:
        """Returns the contact's unresolved conversations with ``agent`` and ``team``, whoever may
        see them.
        """
        return await self._fetch(tenant_id, "unresolved", contact_id)

    async def list_holders(self, tenant_id: UUID, contact_id: UUID) -> list[ConversationOwner]:
        """Returns each agent and team that has a conversation with the contact, resolved or not.
        Who may see a conversation of one of them may know the contact.
        """
        rows = await self._fetch(tenant_id, "holders", contact_id)
        return [ConversationOwner(row["agent"], row["team"]) for row in rows]

    async def list_files(
        self,
        tenant_id: UUID,
        contact_id: UUID,
        visibility: ConversationVisibility,
        before: TimePosition | None,
        limit: int,
    ) -> list[dict[str, Any]]:
        """Returns the contact's messages with a file that the user may see, newest first."""
        seen_by = (visibility.scope, visibility.user, sorted(visibility.teams))
        place = before or (None, None)
        return await self._fetch(tenant_id, "files", contact_id, *seen_by, *place, limit)

    async def list_outside(
        self, tenant_id: UUID, contact_id: UUID, before: TimePosition | None, limit: int
    ) -> list[dict[str, Any]]:
        """Returns the contact's messages that belong to no conversation, newest first."""
        return await self._fetch(tenant_id, "outside", contact_id, *(before or (None, None)), limit)

    async def list_labels(
        self, tenant_id: UUID, visibility: ConversationVisibility, with_contacts: bool
    ) -> list[dict[str, Any]]:
        """Returns the labels in use with their numbers of unresolved conversations that the user
        may see, and of contacts if they are wanted.
        """
        seen_by = (visibility.scope, visibility.user, sorted(visibility.teams))
        return await self._fetch(tenant_id, "labels", *seen_by, with_contacts)

    async def export(self, tenant_id: UUID) -> AsyncIterator[list[dict[str, Any]]]:
        """Yields all contacts by name, some at a time, each batch in a transaction of its own.

        A contact that is renamed meanwhile can be missing or come twice.
        """
        page, last_name = ContactPageRequest(None, EXPORT_BATCH), ""
        while True:
            rows = await self._contacts.list_after(tenant_id, last_name, page)
            if rows:
                yield rows
            if len(rows) < EXPORT_BATCH:
                return
            last_name = rows[-1]["name_folded"]
            page = ContactPageRequest(rows[-1]["id"], EXPORT_BATCH, name_digest(last_name))

    async def _fetch(self, tenant_id: UUID, query: str, *values: object) -> list[dict[str, Any]]:
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL[query], tenant_id, *values)
        return [dict(row) for row in rows]


async def _lock(connection: Connection, tenant_id: UUID, contact_id: UUID) -> dict[str, Any]:
    row = await fetch_one(connection, _SQL["lock"], tenant_id, contact_id, what="contact")
    if row["merged_into"] is not None:
        raise OperationRefusedError(
            f"The contact was merged into {row['merged_into']}. Change that contact.",
            code="merged",
        )
    return row
