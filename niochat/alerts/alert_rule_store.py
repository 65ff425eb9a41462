"""The alert rules of all tenants, and their alerts."""

import base64
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Connection, Database, fetch_one
from niochat.adapters.postgres.queries import queries
from niochat.domain.alerts.alert_rule import AlertRule
from niochat.domain.errors import InvalidInputError, OperationRefusedError, StaleVersionError
from niochat.ports.audit import AuditActor, AuditEntry
from niochat.ports.encryption import Encryptor

_SQL = queries("alert_rules")

MAX_RULES = 50
"""Maximum number of rules of a tenant."""
PURPOSE = "alert_webhook"
"""The purpose under which secrets of webhooks are sealed."""
SECRET_PREFIX = "whsec_"
"""Standard Webhooks: the rest of a secret is its key in base64."""

CheckUrl = Callable[[str], Awaitable[None]]
"""Raises ``InvalidInputError`` for a URL to which the product must not connect."""


@dataclass(frozen=True, slots=True)
class AlertRuleContent:
    """A whole rule: when to alert, and whom to tell."""

    name: str
    rule: AlertRule
    emails: tuple[str, ...] = ()
    webhook_url: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class AlertRuleEditor:
    """Who changes rules of which tenant."""

    tenant_id: UUID
    actor: AuditActor


@dataclass(frozen=True, slots=True)
class SavedAlertRule:
    """The stored rule. ``new_secret`` is set if the webhook got one; it is told only now."""

    row: dict[str, Any]
    new_secret: str | None = field(default=None, repr=False)


class AlertRuleStore:
    """Reads and changes rules. A changed rule begins anew, and its alert ends."""

    def __init__(self, database: Database, encryptor: Encryptor, check_url: CheckUrl) -> None:
        self._database = database
        self._encryptor = encryptor
        self._check_url = check_url

    async def list_rules(self, tenant_id: UUID) -> list[dict[str, Any]]:
        """All rules by name."""
        async with self._database.as_tenant(tenant_id) as connection:
            return [dict(row) for row in await connection.fetch(_SQL["list"], tenant_id)]

    async def find(self, tenant_id: UUID, rule_id: UUID) -> dict[str, Any]:
        """One rule. Raises ``NotFoundError``."""
        async with self._database.as_tenant(tenant_id) as connection:
            return await _find(connection, tenant_id, rule_id)

    async def create(self, editor: AlertRuleEditor, content: AlertRuleContent) -> SavedAlertRule:
        """Creates a rule. Raises ``InvalidInputError`` (``no_team``, ``bad_url``) and
        ``OperationRefusedError`` (``too_many_rules``).
        """
        tenant_id = editor.tenant_id
        await self._check(content)
        secret = None if content.webhook_url is None else _create_secret()
        async with self._database.as_tenant(tenant_id) as connection:
            await _check_team(connection, tenant_id, content.rule.team)
            await connection.execute(_SQL["lock_tenant"], tenant_id)
            if await connection.fetchval(_SQL["count"], tenant_id) >= MAX_RULES:
                raise OperationRefusedError(
                    f"The limit of {MAX_RULES} alert rules is reached. Delete one first.",
                    code="too_many_rules",
                )
            rule_id = await connection.fetchval(
                _SQL["create"], tenant_id, *_columns(content), self._seal(tenant_id, secret)
            )
            await _record(connection, editor, "alert_rules.create", rule_id, None, content)
            return SavedAlertRule(await _find(connection, tenant_id, rule_id), secret)

    async def replace(
        self,
        editor: AlertRuleEditor,
        rule_id: UUID,
        content: AlertRuleContent,
        versions: frozenset[str] | None,
    ) -> SavedAlertRule:
        """Replaces a rule if its version is one of ``versions`` (None: any). A new URL gets a new
        secret. Raises as ``create`` does, ``NotFoundError`` and ``StaleVersionError``.
        """
        tenant_id = editor.tenant_id
        await self._check(content)
        async with self._database.as_tenant(tenant_id) as connection:
            old = await _lock(connection, tenant_id, rule_id, versions)
            await _check_team(connection, tenant_id, content.rule.team)
            moved = content.webhook_url not in (None, old["webhook_url"])
            secret = _create_secret() if moved else None
            await connection.execute(_SQL["end_alert"], tenant_id, old["alert_id"])
            await connection.execute(
                _SQL["replace"],
                tenant_id,
                rule_id,
                *_columns(content),
                self._seal(tenant_id, secret),
            )
            await _record(connection, editor, "alert_rules.change", rule_id, old["name"], content)
            return SavedAlertRule(await _find(connection, tenant_id, rule_id), secret)

    async def delete(
        self, editor: AlertRuleEditor, rule_id: UUID, versions: frozenset[str] | None
    ) -> None:
        """Deletes a rule; its alerts stay. Raises ``NotFoundError`` and ``StaleVersionError``."""
        async with self._database.as_tenant(editor.tenant_id) as connection:
            old = await _lock(connection, editor.tenant_id, rule_id, versions)
            await connection.execute(_SQL["end_alert"], editor.tenant_id, old["alert_id"])
            await connection.execute(_SQL["delete"], editor.tenant_id, rule_id)
            await _record(connection, editor, "alert_rules.delete", rule_id, old["name"], None)

    async def list_alerts(
        self,
        tenant_id: UUID,
        *,
        lasting: bool,
        limit: int,
        after: tuple[datetime, UUID] | None = None,
    ) -> list[dict[str, Any]]:
        """Up to ``limit`` + 1 alerts, latest first, each with its notices; with ``lasting`` only
        those that have not ended.
        """
        async with self._database.as_tenant(tenant_id) as connection:
            rows = await connection.fetch(
                _SQL["list_alerts"], tenant_id, lasting, *(after or (None, None)), limit + 1
            )
        return [dict(row) for row in rows]

    async def _check(self, content: AlertRuleContent) -> None:
        if content.webhook_url is not None:
            await self._check_url(content.webhook_url)

    def _seal(self, tenant_id: UUID, secret: str | None) -> bytes | None:
        if secret is None:
            return None
        return self._encryptor.seal(secret, tenant_id=tenant_id, purpose=PURPOSE)


def _create_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def _columns(content: AlertRuleContent) -> tuple[object, ...]:
    rule = content.rule
    return (
        content.name,
        rule.kind,
        rule.threshold,
        rule.clear_threshold,
        rule.hold_minutes,
        rule.window_minutes,
        rule.team,
        rule.quiet_from,
        rule.quiet_until,
        list(content.emails),
        content.webhook_url,
        content.active,
    )


async def _find(connection: Connection, tenant_id: UUID, rule_id: UUID) -> dict[str, Any]:
    return await fetch_one(connection, _SQL["find"], tenant_id, rule_id, what="alert rule")


async def _lock(
    connection: Connection, tenant_id: UUID, rule_id: UUID, versions: frozenset[str] | None
) -> dict[str, Any]:
    row = await _find(connection, tenant_id, rule_id)
    if versions is not None and str(row["version"]) not in versions:
        raise StaleVersionError(
            "The alert rule was changed meanwhile. Load it again, then repeat the change."
        )
    return row


async def _check_team(connection: Connection, tenant_id: UUID, team: str | None) -> None:
    if team is not None and not await connection.fetchval(_SQL["team_exists"], tenant_id, team):
        raise InvalidInputError(
            f"The team {team!r} does not exist. GET /api/v1/colleagues lists all teams.",
            code="no_team",
        )


async def _record(
    connection: Connection,
    editor: AlertRuleEditor,
    action: str,
    rule_id: UUID,
    before: str | None,
    after: AlertRuleContent | None,
) -> None:
    """Writes an audit entry without addresses."""
    old = None if before is None else {"name": before}
    new = None
    if after is not None:
        new = {"name": after.name, "kind": str(after.rule.kind), "active": after.active}
    await record_change(
        connection,
        AuditEntry(editor.tenant_id, editor.actor, action, f"alert_rule:{rule_id}", old, new),
    )
