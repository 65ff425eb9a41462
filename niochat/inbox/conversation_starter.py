"""Prepares conversations that agents start: finds or creates the contact and the thread, and checks
what a person should know before the command is stored.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import AlreadyExistsError, NotFoundError, OperationRefusedError
from niochat.inbox.command_submitter import ThreadRef
from niochat.inbox.contact_resolution import find_or_create_contact, find_or_create_threads
from niochat.ports.audit import AuditActor, AuditEntry

_SQL = queries("conversation_start")
DISCONNECTED = "disconnected"


@dataclass(frozen=True, slots=True)
class ConversationRecipient:
    """Whom to write to: a known contact, or a phone number (digits with country code) and the name
    for a new contact.
    """

    contact_id: UUID | None = None
    phone: str = ""
    name: str | None = None
    despite_opt_out: bool = False
    """Whether the agent knows that the contact wants no message that the provider begins."""


class ConversationStarter:
    """Prepares the threads of conversations that agents start."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def prepare(
        self,
        tenant_id: UUID,
        channel_id: UUID,
        recipient: ConversationRecipient,
        key: str,
        actor: AuditActor,
    ) -> ThreadRef:
        """Returns the thread with the recipient on the channel; a missing contact or thread is
        created. The command may then be stored under ``key``. If it is stored already, nothing is
        checked, so that a repeat gets the result of the first request.

        Raises ``NotFoundError`` for an unknown channel or contact, ``OperationRefusedError``
        (``merged``, ``contact_blocked``, ``contact_opted_out``, ``channel_disconnected``), and
        ``AlreadyExistsError`` (``conversation_open``).
        """
        async with self._database.system_transaction() as connection:
            channel = await connection.fetchrow(_SQL["channel"], tenant_id, channel_id, key)
            if channel is None:
                raise NotFoundError("The channel does not exist.")
            if channel["thread_id"] is not None:
                return ThreadRef(tenant_id, channel["thread_id"], channel_id)
            if channel["status"] == DISCONNECTED:
                raise OperationRefusedError(
                    "The channel is disconnected. Connect it, or choose another channel.",
                    code="channel_disconnected",
                )
            contact = await self._contact(connection, tenant_id, recipient, actor)
            place = (tenant_id, channel_id, contact)
            thread = (await find_or_create_threads(connection, [place]))[place]
            opened = await connection.fetchval(_SQL["unresolved"], tenant_id, thread)
            if opened is not None:
                # The same request at the same time: its command has opened this conversation.
                again = await connection.fetchrow(_SQL["channel"], tenant_id, channel_id, key)
                stored = None if again is None else again["thread_id"]
        if opened is not None and stored is None:
            raise AlreadyExistsError(
                f"The conversation {opened} with this customer is open. Continue it.",
                str(opened),
                code="conversation_open",
            )
        return ThreadRef(tenant_id, thread, channel_id)

    async def find_started(self, thread: ThreadRef, key: str) -> UUID | None:
        """Returns the conversation that the command under ``key`` has opened, or ``None``."""
        async with self._database.as_system() as connection:
            found: UUID | None = await connection.fetchval(
                _SQL["started"], thread.tenant_id, thread.channel_id, key
            )
        return found

    async def create_contact(
        self, tenant_id: UUID, phone: str, name: str | None, actor: AuditActor
    ) -> UUID:
        """Creates a contact. Raises ``AlreadyExistsError`` (``contact_exists``) if one has the
        phone number.
        """
        async with self._database.system_transaction() as connection:
            contact, created = await find_or_create_contact(connection, tenant_id, phone, name)
            if not created:
                raise AlreadyExistsError(
                    f"The contact {contact} has this phone number.",
                    str(contact),
                    code="contact_exists",
                )
            await _record_creation(connection, tenant_id, contact, actor)
        return contact

    async def _contact(
        self,
        connection: Connection,
        tenant_id: UUID,
        recipient: ConversationRecipient,
        actor: AuditActor,
    ) -> UUID:
        if recipient.contact_id is None:
            contact, created = await find_or_create_contact(
                connection, tenant_id, recipient.phone, recipient.name
            )
            if created:
                await _record_creation(connection, tenant_id, contact, actor)
        else:
            contact = recipient.contact_id
        row: Any = await connection.fetchrow(_SQL["lock_contact"], tenant_id, contact)
        if row is None:
            raise NotFoundError("The contact does not exist.")
        if row["merged_into"] is not None:
            raise OperationRefusedError(
                f"The contact was merged into {row['merged_into']}. Use that contact.",
                code="merged",
            )
        if row["blocked_at"] is not None:
            raise OperationRefusedError(
                "The contact is blocked. Unblock it first.", code="contact_blocked"
            )
        if row["opted_out_at"] is not None and not recipient.despite_opt_out:
            raise OperationRefusedError(
                "The contact has asked for no messages that you begin. To write all the same, for"
                " instance because the contact asks for it, repeat the request with"
                " despite_opt_out.",
                code="contact_opted_out",
            )
        if not row["reachable"]:
            raise OperationRefusedError(
                "The contact has no address in use. Send a phone number.", code="no_address"
            )
        return contact


async def _record_creation(
    connection: Connection, tenant_id: UUID, contact: UUID, actor: AuditActor
) -> None:
    entry = AuditEntry(tenant_id, actor, "contacts.create", f"contact:{contact}", None, None)
    await record_change(connection, entry)
