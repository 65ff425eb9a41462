"""Reads and changes contacts, with their tax ids and conversations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import structlog

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Connection, Database, fetch_one
from niochat.adapters.postgres.queries import queries
from niochat.conversations.conversation_queries import ConversationVisibility
from niochat.domain.errors import (
    InvalidInputError,
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
    """A page of contacts. ``after`` is the last contact of the previous page, and ``mark`` the
    digest of its name then.
    """

    after: UUID | None
    limit: int
    mark: str = ""


def name_digest(folded: str) -> str:
    """Returns a short digest that shows whether a name has changed. It does not reveal the name."""
    return sha256(folded.encode()).hexdigest()[:4]


class ContactStore:
    """Reads and changes contacts of one tenant at a time, with that tenant's database role."""

    def __init__(self, database: Database, encryptor: Encryptor) -> None:
        self._database = database
        self._encryptor = encryptor

    async def find_by_name(
        self,
        tenant_id: UUID,
        name: str,
        page: ContactPageRequest,
        labels: Sequence[str] = (),
        *,
        any_word: bool = False,
    ) -> list[dict[str, Any]]:
        """Returns contacts whose name begins with ``name``, ordered by name; accents and case are
        ignored. With ``any_word``, a later word of the name may begin with it, too. With
        ``labels``, only contacts with one of them.

        Raises ``InvalidInputError`` with ``bad_cursor``, or ``cursor_moved`` if the last contact of
        the previous page was renamed.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            last_name = ""
            if page.after is not None:
                last = await connection.fetchrow(_SQL["one"], tenant_id, page.after)
                if last is None:
                    raise InvalidInputError("The cursor is invalid.", code="bad_cursor")
                last_name = last["name_folded"]
                if page.mark and page.mark != name_digest(last_name):
                    raise InvalidInputError(
                        "The last contact of the previous page was renamed. Start again without a"
                        " cursor.",
                        code="cursor_moved",
                    )
            rows = await connection.fetch(
                _SQL["by_word" if any_word else "by_name"],
                tenant_id,
                name,
                last_name,
                page.after or _FIRST,
                page.limit,
                list(labels) or None,
            )
        return [self._opened(tenant_id, row) for row in rows]

    async def list_after(
        self, tenant_id: UUID, last_name: str, page: ContactPageRequest
    ) -> list[dict[str, Any]]:
        """Returns contacts by name after the folded name and the id at which a page ended. Unlike a
        cursor, this place holds when that contact is renamed.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(
                _SQL["by_name"],
                tenant_id,
                "",
                last_name,
                page.after or _FIRST,
                page.limit,
                None,
            )
        return [self._opened(tenant_id, row) for row in rows]

    async def find_by_phone(
        self,
        tenant_id: UUID,
        digits: str,
        after: str,
        limit: int,
        labels: Sequence[str] = (),
    ) -> list[dict[str, Any]]:
        """Returns contacts with a phone number that begins with ``digits``, ordered by number. The
        digits may have or lack Brazil's 55 and the ninth digit.
        """
        prefixes = phone_search_prefixes(digits)
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(
                _SQL["by_phone"], tenant_id, prefixes, after, limit, list(labels) or None
            )
        return [self._opened(tenant_id, row) for row in rows]

    async def find_by_tax_id(
        self, tenant_id: UUID, document: str, page: ContactPageRequest
    ) -> list[dict[str, Any]]:
        """Returns contacts with that tax id. Raises ``InvalidInputError`` (``bad_document``)."""
        indexes = self._encryptor.blind_indexes(
            _require_tax_id(document), tenant_id=tenant_id, purpose=TAX_ID_PURPOSE
        )
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(
                _SQL["by_tax_id"], tenant_id, indexes, page.after or _FIRST, page.limit
            )
        return [self._opened(tenant_id, row) for row in rows]

    async def get_contact(self, tenant_id: UUID, contact_id: UUID) -> dict[str, Any]:
        """Returns one contact. Raises ``NotFoundError``."""
        async with self._database.as_tenant(tenant_id) as connection:
            return self._opened(
                tenant_id, await _fetch_contact(connection, "one", tenant_id, contact_id)
            )

    async def update_contact(
        self,
        tenant_id: UUID,
        contact_id: UUID,
        changes: Mapping[str, str | bool | None],
        actor: AuditActor,
    ) -> dict[str, Any]:
        """Changes ``name``, ``document``, ``notes`` or ``opted_out`` of a contact, as far as
        ``changes`` has them, and returns the contact.

        Raises ``NotFoundError``, ``InvalidInputError`` (``bad_document``),
        ``OperationRefusedError`` (``merged``).
        """
        changes = dict(changes)
        if changes.get("opted_out") is None:
            changes.pop("opted_out", None)
        if changes.get("document"):
            changes["document"] = _require_tax_id(str(changes["document"]))
        async with self._database.as_tenant(tenant_id) as connection:
            row = await _fetch_contact(connection, "lock", tenant_id, contact_id)
            if row["merged_into"] is not None:
                raise OperationRefusedError(
                    f"The contact was merged into {row['merged_into']}. Change that contact.",
                    code="merged",
                )
            before: dict[str, Any] = {
                "opted_out": row["opted_out"],
                "name": row["name"],
                "notes": row["notes"],
                "document": self._document_of(tenant_id, row),
            }
            after: dict[str, Any] = {**before, **changes}
            document = (row["document_sealed"], row["document_index"])
            if "document" in changes:  # else the sealed value stays, even if no key opens it
                document = _seal_tax_id(self._encryptor, tenant_id, after["document"])
            await connection.execute(
                _SQL["change"],
                tenant_id,
                contact_id,
                after["name"],
                *document,
                after["notes"] or "",
                bool(after["opted_out"]),
                actor.id,
            )
            digests = [
                {name: self._audit_value(tenant_id, each[name]) for name in changes}
                for each in (before, after)
            ]
            target = f"contact:{contact_id}"
            if changes:
                await record_change(
                    connection, AuditEntry(tenant_id, actor, "contacts.change", target, *digests)
                )
            updated = await _fetch_contact(connection, "one", tenant_id, contact_id)
            return self._opened(tenant_id, updated)

    async def list_conversations(
        self,
        tenant_id: UUID,
        contact_id: UUID,
        visibility: ConversationVisibility,
        before: tuple[datetime, UUID] | None,
        limit: int,
    ) -> list[dict[str, Any]]:
        """Returns a contact's conversations that the user may see, newest first."""
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
        """Returns the row with its tax id decrypted; the tax id is ``None`` if no key opens it."""
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

    def _audit_value(self, tenant_id: UUID, value: str | bool | None) -> str | bool | None:
        """Personal values are recorded as digests."""
        return value if isinstance(value, bool) else self._digest(tenant_id, value)

    def _digest(self, tenant_id: UUID, value: str | None) -> str | None:
        """Returns a digest for the audit log. It shows whether values are equal, but not what they
        are.
        """
        if not value:
            return None
        return self._encryptor.blind_index(value, tenant_id=tenant_id, purpose=_DIGEST).hex()[:16]


async def _fetch_contact(
    connection: Connection, query: str, tenant_id: UUID, contact_id: UUID
) -> Any:
    return await fetch_one(connection, _SQL[query], tenant_id, contact_id, what="contact")


def _require_tax_id(text: str) -> str:
    tax_id = parse_tax_id(text)
    if tax_id is None:
        raise InvalidInputError(
            "The document is not a valid CPF or CNPJ. Check its digits.", code="bad_document"
        )
    return tax_id


def _seal_tax_id(
    encryptor: Encryptor, tenant_id: UUID, document: str | None
) -> tuple[bytes | None, bytes | None]:
    if not document:
        return None, None
    return (
        encryptor.seal(document, tenant_id=tenant_id, purpose=TAX_ID_PURPOSE),
        encryptor.blind_index(document, tenant_id=tenant_id, purpose=TAX_ID_PURPOSE),
    )
