"""Contacts: who they are, their documents, and what was talked about with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import structlog

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.conversations.conversation_queries import ConversationVisibility
from niochat.domain.errors import (
    InvalidInputError,
    NotFoundError,
    OperationRefusedError,
    UnreadableDataError,
)
from niochat.domain.identity_resolution import PHONE
from niochat.domain.phone import phone_search_prefixes
from niochat.domain.tax_id import parse_tax_id
from niochat.ports.audit import AuditActor, AuditEntry
from niochat.ports.encryption import TAX_ID_PURPOSE, Encryptor

_SQL = queries("contacts")
_log = structlog.get_logger(__name__)

_DIGEST = "contact audit"
_FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class ContactPageRequest:
    """Rows that somebody wants, after where the page before ended: with this contact, whose name
    had this mark then.
    """

    after: UUID | None
    limit: int
    mark: str = ""


def name_digest(folded: str) -> str:
    """Another one for another name, most likely; too short to tell the name."""
    return sha256(folded.encode()).hexdigest()[:4]


class ContactStore:
    """Reads and changes for one tenant at a time, with that tenant's role."""

    def __init__(self, database: Database, encryptor: Encryptor) -> None:
        self._database = database
        self._encryptor = encryptor

    async def find_by_name(
        self, tenant_id: UUID, name: str, page: ContactPageRequest
    ) -> list[dict[str, Any]]:
        """Those whose name begins so, whatever its accents, in its order. Raises
        ``InvalidInputError``.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            begun = ""
            if page.after is not None:
                last = await connection.fetchrow(_SQL["one"], tenant_id, page.after)
                if last is None:
                    raise InvalidInputError("The cursor is invalid.", code="bad_cursor")
                begun = last["name_folded"]
                if page.mark and page.mark != name_digest(begun):
                    raise InvalidInputError(
                        "The last contact of the previous page was renamed. Start again without a"
                        " cursor.",
                        code="cursor_moved",
                    )
            rows = await connection.fetch(
                _SQL["by_name"], tenant_id, name, begun, page.after or _FIRST, page.limit
            )
        return [self._opened(tenant_id, row) for row in rows]

    async def find_by_phone(
        self, tenant_id: UUID, digits: str, after: str, limit: int
    ) -> list[dict[str, Any]]:
        """Those with a telephone that begins so, in its order. ``digits``: as people write them,
        with or without Brazil's 55 and the ninth digit.
        """
        written = phone_search_prefixes(digits)
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(_SQL["by_phone"], tenant_id, written, after, limit)
        return [self._opened(tenant_id, row) for row in rows]

    async def find_by_tax_id(
        self, tenant_id: UUID, document: str, page: ContactPageRequest
    ) -> list[dict[str, Any]]:
        """Those with that document. Raises ``InvalidInputError`` (``bad_document``)."""
        indexes = self._encryptor.blind_indexes(
            _require_tax_id(document), tenant_id=tenant_id, purpose=TAX_ID_PURPOSE
        )
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(
                _SQL["by_tax_id"], tenant_id, indexes, page.after or _FIRST, page.limit
            )
        return [self._opened(tenant_id, row) for row in rows]

    async def get_contact(self, tenant_id: UUID, contact_id: UUID) -> dict[str, Any]:
        """One of them. Raises ``NotFoundError``."""
        async with self._database.as_tenant(tenant_id) as connection:
            return self._opened(
                tenant_id, await _fetch_contact(connection, "one", tenant_id, contact_id)
            )

    async def update_contact(
        self,
        tenant_id: UUID,
        contact_id: UUID,
        changes: Mapping[str, str | None],
        actor: AuditActor,
    ) -> dict[str, Any]:
        """The contact as it is then; ``changes`` of ``name``, ``document`` and ``notes``.

        Raises ``NotFoundError``, ``InvalidInputError`` (``bad_document``), ``Refused``
        (``merged``).
        """
        changes = dict(changes)
        if changes.get("document"):
            changes["document"] = _require_tax_id(str(changes["document"]))
        async with self._database.as_tenant(tenant_id) as connection:
            row = await _fetch_contact(connection, "lock", tenant_id, contact_id)
            if row["merged_into"] is not None:
                raise OperationRefusedError(
                    f"The contact was merged into {row['merged_into']}. Change that contact.",
                    code="merged",
                )
            before = {
                "name": row["name"],
                "notes": row["notes"],
                "document": self._document_of(tenant_id, row),
            }
            kept = {**before, **changes}
            document = (row["document_sealed"], row["document_index"])
            if "document" in changes:  # else it stays, also where it cannot be opened
                document = _seal_tax_id(self._encryptor, tenant_id, changes["document"])
            await connection.execute(
                _SQL["change"], tenant_id, contact_id, kept["name"], *document, kept["notes"] or ""
            )
            shown = [
                {name: self._digest(tenant_id, each[name]) for name in changes}
                for each in (before, kept)
            ]
            target = f"contact:{contact_id}"
            if changes:
                await record_change(
                    connection, AuditEntry(tenant_id, actor, "contacts.change", target, *shown)
                )
            found = await _fetch_contact(connection, "one", tenant_id, contact_id)
            return self._opened(tenant_id, found)

    async def list_conversations(
        self,
        tenant_id: UUID,
        contact_id: UUID,
        visibility: ConversationVisibility,
        before: tuple[datetime, UUID] | None,
        limit: int,
    ) -> list[dict[str, Any]]:
        """Conversations with a contact that somebody may see, the newest first."""
        at, last = before or (None, None)
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(
                _SQL["conversations"],
                tenant_id,
                contact_id,
                visibility.scope,
                visibility.user,
                sorted(visibility.teams),
                at,
                last,
                limit,
            )
        return [dict(row) for row in rows]

    def _opened(self, tenant_id: UUID, row: Any) -> dict[str, Any]:
        """The row with its document in clear; ``None`` where no key at hand opens it."""
        has = row["document_sealed"] is not None
        document = self._document_of(tenant_id, row)
        phones = [a for a in row["addresses"] if a["kind"] == PHONE and a["in_use"]]
        phone = phones[0]["value"] if phones else None
        return {**dict(row), "phone": phone, "document": document, "has_document": has}

    def _document_of(self, tenant_id: UUID, row: Any) -> str | None:
        if row["document_sealed"] is None:
            return None
        try:
            return self._encryptor.open(
                row["document_sealed"], tenant_id=tenant_id, purpose=TAX_ID_PURPOSE
            )
        except (InvalidInputError, UnreadableDataError) as error:
            _log.error("document_not_opened", tenant=str(tenant_id), code=error.code)
            return None

    def _digest(self, tenant_id: UUID, value: str | None) -> str | None:
        """Tells whether a value is another one, or the earlier one again, and not what it is."""
        if not value:
            return None
        return self._encryptor.blind_index(value, tenant_id=tenant_id, purpose=_DIGEST).hex()[:16]


async def _fetch_contact(
    connection: Connection, query: str, tenant_id: UUID, contact_id: UUID
) -> Any:
    row = await connection.fetchrow(_SQL[query], tenant_id, contact_id)
    if row is None:
        raise NotFoundError("The contact does not exist.")
    return row


def _require_tax_id(written: str) -> str:
    digits = parse_tax_id(written)
    if digits is None:
        raise InvalidInputError(
            "The document is not a valid CPF or CNPJ. Check its digits.", code="bad_document"
        )
    return digits


def _seal_tax_id(
    encryptor: Encryptor, tenant_id: UUID, document: str | None
) -> tuple[bytes | None, bytes | None]:
    if not document:
        return None, None
    return (
        encryptor.seal(document, tenant_id=tenant_id, purpose=TAX_ID_PURPOSE),
        encryptor.blind_index(document, tenant_id=tenant_id, purpose=TAX_ID_PURPOSE),
    )
