"""Canned responses: texts with variables and files that agents send often."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Connection, Database, fetch_one
from niochat.adapters.postgres.queries import queries
from niochat.conversations.canned.canned_text import check_canned_text
from niochat.domain.errors import (
    InvalidInputError,
    NotFoundError,
    OperationRefusedError,
    PermissionDeniedError,
    StaleVersionError,
)
from niochat.ports.audit import AuditActor, AuditEntry

_SQL = queries("canned_responses")

MAX_COMMON_RESPONSES, MAX_PERSONAL_RESPONSES = 1000, 200
"""Maximum number of shared and team responses of a tenant, and of personal ones of a user."""


class CannedResponseScope(StrEnum):
    """Who can use a canned response."""

    SHARED = "shared"
    TEAM = "team"
    PERSONAL = "personal"


@dataclass(frozen=True, slots=True)
class CannedResponseReader:
    """The caller. ``may_write_common`` allows writing shared and team responses; ``is_member`` says
    that the caller is a user of the tenant, who can have personal ones.
    """

    tenant_id: UUID
    id: UUID
    teams: frozenset[str]
    may_write_common: bool
    is_member: bool
    actor: AuditActor


@dataclass(frozen=True, slots=True)
class CannedResponseContent:
    """A whole canned response. ``team`` belongs to the scope ``team`` alone."""

    shortcut: str
    title: str
    text: str
    scope: CannedResponseScope
    team: str | None
    files: tuple[UUID, ...]


class CannedResponseStore:
    """The canned responses of all tenants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(
        self, reader: CannedResponseReader, *, all_teams: bool = False
    ) -> list[dict[str, Any]]:
        """The responses that the caller can use, by shortcut. ``all_teams`` adds those of teams
        that the caller is not in; without ``may_write_common`` it changes nothing.
        """
        async with self._database.as_tenant(reader.tenant_id) as connection:
            rows = await connection.fetch(
                _SQL["list"], *_reader_columns(reader)[:-1], all_teams and reader.may_write_common
            )
        return [dict(row) for row in rows]

    async def find(self, reader: CannedResponseReader, response_id: UUID) -> dict[str, Any]:
        """One response. Raises ``NotFoundError``."""
        async with self._database.as_tenant(reader.tenant_id) as connection:
            return await _find(connection, reader, response_id)

    async def require_file(
        self, reader: CannedResponseReader, response_id: UUID, file_id: UUID
    ) -> None:
        """Raises ``NotFoundError`` unless the response is visible and has the file."""
        async with self._database.as_tenant(reader.tenant_id) as connection:
            await _find(connection, reader, response_id)
            if not await connection.fetchval(
                _SQL["has_file"], reader.tenant_id, response_id, file_id
            ):
                raise NotFoundError("The canned response does not have this file.")

    async def create(
        self, reader: CannedResponseReader, content: CannedResponseContent
    ) -> dict[str, Any]:
        """Create a response, and return it. Raises ``PermissionDeniedError``,
        ``InvalidInputError`` (``unknown_variable``, ``no_team``, ``no_file``) and
        ``OperationRefusedError`` (``shortcut_taken``, ``too_many_responses``).
        """
        _require_permission(reader, content.scope)
        async with self._database.as_tenant(reader.tenant_id) as connection:
            await _check(connection, reader, content, None)
            await _check_count(connection, reader, content.scope)
            response_id = await connection.fetchval(
                _SQL["create"], reader.tenant_id, *_content_columns(reader, content)
            )
            await _insert_files(connection, reader, response_id, content.files)
            await _record(connection, reader, "canned.create", response_id, None, content.scope)
            return await _find(connection, reader, response_id)

    async def replace(
        self,
        reader: CannedResponseReader,
        response_id: UUID,
        content: CannedResponseContent,
        versions: frozenset[str] | None,
    ) -> dict[str, Any]:
        """Replace a response if its version is one of ``versions`` (None: any), and return it.
        Raises as ``create`` does, ``NotFoundError`` and ``StaleVersionError``.
        """
        async with self._database.as_tenant(reader.tenant_id) as connection:
            old = await _lock(connection, reader, response_id, versions)
            _require_permission(reader, content.scope)
            await _check(connection, reader, content, response_id)
            if content.scope != old["scope"]:
                await _check_count(connection, reader, content.scope)
            columns = _content_columns(reader, content)
            await connection.execute(_SQL["update"], reader.tenant_id, response_id, *columns)
            await connection.execute(_SQL["delete_files"], reader.tenant_id, response_id)
            await _insert_files(connection, reader, response_id, content.files)
            await _record(
                connection, reader, "canned.change", response_id, old["scope"], content.scope
            )
            return await _find(connection, reader, response_id)

    async def delete(
        self,
        reader: CannedResponseReader,
        response_id: UUID,
        versions: frozenset[str] | None = None,
    ) -> None:
        """Delete a response. Raises ``NotFoundError``, ``PermissionDeniedError``,
        ``StaleVersionError``.
        """
        async with self._database.as_tenant(reader.tenant_id) as connection:
            old = await _lock(connection, reader, response_id, versions)
            await connection.execute(_SQL["delete"], reader.tenant_id, response_id)
            await _record(connection, reader, "canned.delete", response_id, old["scope"], None)


def _reader_columns(reader: CannedResponseReader) -> tuple[UUID, UUID, list[str], bool]:
    return reader.tenant_id, reader.id, sorted(reader.teams), reader.may_write_common


async def _find(
    connection: Connection, reader: CannedResponseReader, response_id: UUID
) -> dict[str, Any]:
    return await fetch_one(
        connection, _SQL["find"], *_reader_columns(reader), response_id, what="canned response"
    )


async def _lock(
    connection: Connection,
    reader: CannedResponseReader,
    response_id: UUID,
    versions: frozenset[str] | None,
) -> dict[str, Any]:
    """Lock a response that the caller may change, and return it."""
    await connection.execute(_SQL["lock"], reader.tenant_id, response_id)
    row = await _find(connection, reader, response_id)
    _require_permission(reader, CannedResponseScope(row["scope"]))
    if versions is not None and str(row["version"]) not in versions:
        raise StaleVersionError(
            "The canned response was changed meanwhile. Load it again, then repeat the change."
        )
    return row


def _require_permission(reader: CannedResponseReader, scope: CannedResponseScope) -> None:
    if scope is CannedResponseScope.PERSONAL:
        if not reader.is_member:
            raise PermissionDeniedError(
                "Only members of a provider have personal canned responses.", code="users_only"
            )
    elif not reader.may_write_common:
        raise PermissionDeniedError(
            "The permission canned:write is required for shared and team responses. You can save "
            "the response with the scope personal.",
            code="canned_scope",
        )


async def _check(
    connection: Connection,
    reader: CannedResponseReader,
    content: CannedResponseContent,
    response_id: UUID | None,
) -> None:
    check_canned_text(content.text)
    team, owner_id = _scope_columns(reader, content)
    if team is not None and not await connection.fetchval(
        _SQL["team_exists"], reader.tenant_id, team
    ):
        raise InvalidInputError(
            f"The team {team!r} does not exist. GET /api/v1/colleagues lists all teams.",
            code="no_team",
        )
    await connection.execute(_SQL["lock_scope"], reader.tenant_id)
    if await connection.fetchval(
        _SQL["is_taken"], reader.tenant_id, content.shortcut, team, owner_id, response_id
    ):
        raise OperationRefusedError(
            f"The shortcut {content.shortcut!r} is in use. Choose another one.",
            code="shortcut_taken",
        )
    await _check_files(connection, reader.tenant_id, content.files)


async def _check_files(connection: Connection, tenant_id: UUID, files: Sequence[UUID]) -> None:
    rows = await connection.fetch(_SQL["usable_files"], tenant_id, list(files))
    missing = set(files) - {row["id"] for row in rows}
    if missing:
        raise InvalidInputError(
            f"The file {min(missing)} does not exist or its upload has expired. Upload it again "
            "with POST /api/v1/files.",
            code="no_file",
        )


async def _check_count(
    connection: Connection, reader: CannedResponseReader, scope: CannedResponseScope
) -> None:
    personal = scope is CannedResponseScope.PERSONAL
    limit = MAX_PERSONAL_RESPONSES if personal else MAX_COMMON_RESPONSES
    owner_id = reader.id if personal else None
    if await connection.fetchval(_SQL["count"], reader.tenant_id, owner_id) >= limit:
        raise OperationRefusedError(
            f"The limit of {limit} canned responses is reached. Delete one first.",
            code="too_many_responses",
        )


async def _insert_files(
    connection: Connection,
    reader: CannedResponseReader,
    response_id: UUID,
    files: Sequence[UUID],
) -> None:
    await connection.execute(_SQL["insert_files"], reader.tenant_id, response_id, list(files))


def _scope_columns(
    reader: CannedResponseReader, content: CannedResponseContent
) -> tuple[str | None, UUID | None]:
    personal = content.scope is CannedResponseScope.PERSONAL
    return content.team, reader.id if personal else None


def _content_columns(
    reader: CannedResponseReader, content: CannedResponseContent
) -> tuple[object, ...]:
    scope = _scope_columns(reader, content)
    return content.shortcut, content.title, content.text, content.scope, *scope


async def _record(
    connection: Connection,
    reader: CannedResponseReader,
    action: str,
    response_id: UUID,
    before: str | None,
    after: str | None,
) -> None:
    """Write an audit entry without the text."""
    scopes = [None if scope is None else {"scope": str(scope)} for scope in (before, after)]
    target = f"canned_response:{response_id}"
    await record_change(
        connection, AuditEntry(reader.tenant_id, reader.actor, action, target, *scopes)
    )
