"""Which tenants are mirrored to which Supabase project, and the settings of each tenant."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Connection, Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import InvalidInputError, NiochatError
from niochat.domain.tenant.supabase_project import MirroredMessages
from niochat.mirror.settings_content import MirrorSettingsContent, check_content
from niochat.ports.audit import AuditActor, AuditEntry
from niochat.ports.encryption import (
    SUPABASE_JWT_SECRET_PURPOSE,
    SUPABASE_KEY_PURPOSE,
    Encryptor,
)

_log = structlog.get_logger(__name__)
_SQL = queries("mirror_settings")

_TARGET = "supabase"
HINT_LENGTH = 4
"""Characters at the end of a secret key that are shown."""

CheckUrl = Callable[[str], Awaitable[None]]
"""Raises ``InvalidInputError`` for a URL to which the product must not send a secret."""


@dataclass(frozen=True, slots=True)
class SupabaseProject:
    """A project and its keys. ``jwt_secret`` is the shared secret of an older project."""

    url: str
    key: str = field(repr=False)
    publishable_key: str | None = None
    jwt_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class MirrorTarget:
    """Where a tenant is mirrored to. A paused tenant is a target to which nothing is sent."""

    tenant_id: UUID
    url: str
    key: str = field(repr=False)
    publishable_key: str | None
    messages: MirroredMessages
    jwt_secret: str | None = field(repr=False)
    paused: bool

    @property
    def fingerprint(self) -> str:
        """What a backfill depends on: another text means that all rows have to be sent again."""
        return f"{self.url} {self.messages}"


@dataclass(frozen=True, slots=True)
class MirrorSettings:
    """The settings as they are shown. Without ``url`` the project of the installation is used;
    ``has_installation_project`` says whether there is one.
    """

    enabled: bool
    url: str | None
    key_hint: str | None
    publishable_key: str | None
    messages: MirroredMessages
    has_jwt_secret: bool
    paused_at: datetime | None
    changed_at: datetime | None
    has_installation_project: bool


@dataclass(frozen=True, slots=True)
class MirrorSettingsEditor:
    """Who changes the settings of which tenant."""

    tenant_id: UUID
    actor: AuditActor


class MirrorSettingsStore:
    """Reads and changes the settings of all tenants. ``installation`` is the project of tenants
    without one of their own.
    """

    def __init__(
        self,
        database: Database,
        encryptor: Encryptor,
        installation: SupabaseProject | None,
        check_url: CheckUrl,
    ) -> None:
        self._database = database
        self._encryptor = encryptor
        self._installation = installation
        self._check_url = check_url

    async def load_targets(self) -> list[MirrorTarget]:
        """All tenants that are mirrored, suspended and paused ones too. A tenant whose secrets
        cannot be opened is left out and logged. Raises ``UnavailableError``.
        """
        async with self._database.as_system() as connection:
            rows = await connection.fetch(_SQL["list_targets"], self._installation is not None)
        targets = []
        for row in rows:
            try:
                target = self._target_of(row["tenant_id"], row)
            except NiochatError as error:
                _log.warning(
                    "mirror_secret_not_opened", tenant_id=str(row["tenant_id"]), code=error.code
                )
                continue
            if target is not None:
                targets.append(target)
        return targets

    async def find_target(self, tenant_id: UUID) -> MirrorTarget | None:
        """Where the tenant is mirrored to; None if it is not. Raises ``UnreadableDataError`` or
        ``InvalidInputError`` if its secrets cannot be opened.
        """
        return self._target_of(tenant_id, await self._find_row(tenant_id))

    async def find(self, tenant_id: UUID) -> MirrorSettings:
        """The settings of a tenant; the defaults if it has none."""
        row = await self._find_row(tenant_id)
        if row is None:
            return self._settings_of({"enabled": True, "messages": MirroredMessages.METADATA})
        return self._settings_of(row)

    async def replace(
        self, editor: MirrorSettingsEditor, content: MirrorSettingsContent
    ) -> MirrorSettings:
        """Replace the settings. Raises ``InvalidInputError`` (``bad_supabase_url``,
        ``bad_supabase_key``, ``bad_publishable_key``, ``bad_jwt_secret``, ``private_address``,
        ``insecure_url``, ``supabase_key_needed``). A new URL needs its key: otherwise the stored
        key would be sent to a server for which it was not entered.
        """
        checked = check_content(content)
        if checked.url is not None:
            await self._check_url(checked.url)
        tenant_id = editor.tenant_id
        async with self._database.as_tenant(tenant_id) as connection:
            old = dict(await connection.fetchrow(_SQL["lock"], tenant_id) or {})
            await connection.execute(
                _SQL["replace"],
                tenant_id,
                checked.enabled,
                checked.url,
                self._sealed_key(tenant_id, checked, old),
                checked.publishable_key,
                checked.messages,
                self._sealed_jwt_secret(tenant_id, checked, old),
            )
            await connection.execute(_SQL["try_again"], tenant_id)
            await _record(connection, editor, old, checked)
            row = await connection.fetchrow(_SQL["find"], tenant_id)
            return self._settings_of(dict(row or {}))

    async def pause(self, actor: AuditActor, tenant_id: UUID | None) -> int:
        """Stop mirroring a tenant, or all present tenants for None, until ``resume``. Returns the
        number of tenants that were not paused before.
        """
        async with self._database.system_transaction() as connection:
            changed: int = await connection.fetchval(_SQL["pause"], tenant_id)
            await _record_pause(connection, actor, tenant_id, "supabase.pause", changed)
        return changed

    async def resume(self, actor: AuditActor, tenant_id: UUID | None) -> int:
        """Mirror a paused tenant, or all paused tenants for None, again. Returns their number."""
        async with self._database.system_transaction() as connection:
            changed: int = await connection.fetchval(_SQL["resume"], tenant_id)
            await _record_pause(connection, actor, tenant_id, "supabase.resume", changed)
        return changed

    async def _find_row(self, tenant_id: UUID) -> dict[str, Any] | None:
        async with self._database.as_tenant(tenant_id) as connection:
            row = await connection.fetchrow(_SQL["find"], tenant_id)
        return None if row is None else dict(row)

    def _target_of(self, tenant_id: UUID, row: Any) -> MirrorTarget | None:
        if row is not None and not row["enabled"]:
            return None
        project = self._installation
        if row is not None and row["url"] is not None:
            project = SupabaseProject(
                row["url"],
                self._open(tenant_id, row["key_sealed"], SUPABASE_KEY_PURPOSE),
                row["publishable_key"],
                None
                if row["jwt_secret_sealed"] is None
                else self._open(tenant_id, row["jwt_secret_sealed"], SUPABASE_JWT_SECRET_PURPOSE),
            )
        if project is None:
            return None
        return MirrorTarget(
            tenant_id,
            project.url,
            project.key,
            project.publishable_key,
            MirroredMessages((row and row["messages"]) or MirroredMessages.METADATA),
            project.jwt_secret,
            paused=row is not None and row["paused_at"] is not None,
        )

    def _settings_of(self, row: dict[str, Any]) -> MirrorSettings:
        return MirrorSettings(
            enabled=row["enabled"],
            url=row.get("url"),
            key_hint=self._key_hint(row),
            publishable_key=row.get("publishable_key"),
            messages=MirroredMessages(row["messages"]),
            has_jwt_secret=row.get("jwt_secret_sealed") is not None,
            paused_at=row.get("paused_at"),
            changed_at=row.get("changed_at"),
            has_installation_project=self._installation is not None,
        )

    def _key_hint(self, row: dict[str, Any]) -> str | None:
        """The end of the key; an empty text if it cannot be opened and has to be entered again."""
        if row.get("key_sealed") is None:
            return None
        try:
            return self._open(row["tenant_id"], row["key_sealed"], SUPABASE_KEY_PURPOSE)[
                -HINT_LENGTH:
            ]
        except NiochatError as error:
            _log.warning(
                "mirror_secret_not_opened", tenant_id=str(row["tenant_id"]), code=error.code
            )
            return ""

    def _sealed_key(
        self, tenant_id: UUID, content: MirrorSettingsContent, old: dict[str, Any]
    ) -> bytes | None:
        if content.url is None:
            return None
        if content.key is not None:
            return self._seal(tenant_id, content.key, SUPABASE_KEY_PURPOSE)
        if content.url != old["url"]:
            raise InvalidInputError(
                "Another project has another secret key. Enter the key together with the URL.",
                code="supabase_key_needed",
            )
        stored: bytes | None = old["key_sealed"]
        return stored

    def _sealed_jwt_secret(
        self, tenant_id: UUID, content: MirrorSettingsContent, old: dict[str, Any]
    ) -> bytes | None:
        if content.url is None or content.jwt_secret == "":
            return None
        if content.jwt_secret is not None:
            return self._seal(tenant_id, content.jwt_secret, SUPABASE_JWT_SECRET_PURPOSE)
        stored: bytes | None = old["jwt_secret_sealed"]
        return stored if content.url == old["url"] else None

    def _seal(self, tenant_id: UUID, plain: str, purpose: str) -> bytes:
        return self._encryptor.seal(plain, tenant_id=tenant_id, purpose=purpose)

    def _open(self, tenant_id: UUID, sealed: bytes, purpose: str) -> str:
        return self._encryptor.open(sealed, tenant_id=tenant_id, purpose=purpose)


async def _record(
    connection: Connection,
    editor: MirrorSettingsEditor,
    old: dict[str, Any],
    new: MirrorSettingsContent,
) -> None:
    """Write an audit entry, which says that a secret was changed but never shows one."""
    before = {name: old[name] for name in ("enabled", "url", "publishable_key", "messages")}
    after = {
        "enabled": new.enabled,
        "url": new.url,
        "publishable_key": new.publishable_key,
        "messages": new.messages,
        "new_key": new.key is not None,
        "new_jwt_secret": bool(new.jwt_secret),
    }
    await record_change(
        connection,
        AuditEntry(editor.tenant_id, editor.actor, "supabase.change", _TARGET, before, after),
    )


async def _record_pause(
    connection: Connection, actor: AuditActor, tenant_id: UUID | None, action: str, changed: int
) -> None:
    if changed:
        after = {"tenants": changed} if tenant_id is None else None
        await record_change(connection, AuditEntry(tenant_id, actor, action, _TARGET, None, after))
