"""Reading and changing a tenant's settings over the API, with optimistic concurrency control."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError

from niochat.adapters.postgres.audit_log import record_change
from niochat.adapters.postgres.database import Connection, Database, fetch_one
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import InvalidInputError, OperationRefusedError
from niochat.ports.audit import AuditActor, AuditEntry
from niochat.ports.encryption import Encryptor
from niochat.tenants.provider_facts_settings import (
    ProviderFactsView,
    build_facts_view,
    changed_field_names,
    merge_facts,
    require_answering_teams,
)
from niochat.tenants.provider_file.change_request_schema import find_unknown_team
from niochat.tenants.provider_file.policy_schema import (
    FOLLOW_UPS,
    RATINGS,
    PolicyConfig,
    format_follow_ups,
    format_policy,
    merge_policy,
)
from niochat.tenants.provider_file.provider_schema import AssistantConfig
from niochat.tenants.provider_sync.provider_sync import parse_tenant_row, update_tenant
from niochat.tenants.provider_sync.resource_sync import (
    ASSISTANT_POLICY_FIELDS,
    assistant_policy,
    sync_assistant,
)
from niochat.tenants.tenant_secrets import SecretPurpose

_SQL = queries("tenants")
_ENABLED = "assistant_enabled"
_EXTRA = {"extra_headers": "headers", "extra_body": "body"}
"""Settings of the assistant that are sealed together, with their names in the sealed JSON."""
_SECRET_KEYS = ("api_key", "transcription_api_key")
"""Settings that are sealed singly and never shown."""
_BURST = ("burst_window_s", "burst_limit_s")

Row = Mapping[str, Any]
CheckAddress = Callable[[str], Awaitable[None]]
Model = TypeVar("Model", bound=BaseModel)


class StaleSettingsError(OperationRefusedError):
    """The settings were changed by another request since the caller read them."""

    code = "stale"


@dataclass(frozen=True, slots=True)
class TenantSettingsView:
    """Settings of a tenant; ``policy`` is in the format of a provider file, with defaults."""

    version: int
    name: str
    timezone: str
    plan: str
    policy: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TenantSettingsChange:
    """A change of settings; in ``policy`` (stored format) None resets a value to its default."""

    name: str | None
    timezone: str | None
    policy: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AssistantSettingsView:
    """Settings of the assistant; ``values`` are in the format of a provider file, or empty.

    They contain no keys, and only the names of extra headers and fields.
    """

    version: int
    enabled: bool
    values: Mapping[str, Any]


class TenantSettingsService:
    """Reads and changes settings; all methods raise ``NotFoundError`` for an unknown tenant.

    One of ``expected_versions`` must be the current config version; None allows any.
    """

    def __init__(
        self, database: Database, encryptor: Encryptor, check_address: CheckAddress
    ) -> None:
        """``check_address`` raises ``InvalidInputError`` for a forbidden address."""
        self._database = database
        self._encryptor = encryptor
        self._check_address = check_address

    async def read(self, tenant_id: UUID) -> TenantSettingsView:
        """Return the current settings."""
        async with self._database.as_system() as connection:
            return _settings_view(await _find_tenant(connection, "find_tenant", tenant_id))

    async def change(
        self,
        tenant_id: UUID,
        expected_versions: frozenset[str] | None,
        change: TenantSettingsChange,
        actor: AuditActor,
    ) -> TenantSettingsView:
        """Change settings. Raises ``StaleSettingsError``, ``InvalidInputError``."""
        async with self._database.system_transaction() as connection:
            row = await _lock_tenant(connection, tenant_id, expected_versions)
            policy = merge_policy(row["policy"], change.policy)
            policy = {name: value for name, value in policy.items() if value is not None}
            await _validate_policy(connection, tenant_id, policy, change.policy)
            new_row = replace(
                parse_tenant_row(row),
                name=change.name or row["name"],
                timezone=change.timezone or row["timezone"],
                policy=policy,
            )
            if new_row == parse_tenant_row(row):
                return _settings_view(row)
            version = await update_tenant(connection, row, new_row)
            after = {"name": new_row.name, "timezone": new_row.timezone, "policy": policy}
            view = _settings_view({**row, **after, "config_version": version})
            columns = {"name": change.name, "timezone": change.timezone}
            changed = {**change.policy, **{k: v for k, v in columns.items() if v is not None}}
            changes = [
                _audit_fields({**each.policy, "timezone": each.timezone}, changed)
                for each in (_settings_view(row), view)
            ]
            await record_change(
                connection,
                AuditEntry(tenant_id, actor, "settings.change", f"tenant:{tenant_id}", *changes),
            )
        return view

    async def assistant(self, tenant_id: UUID) -> AssistantSettingsView:
        """Return the current settings of the assistant."""
        async with self._database.as_system() as connection:
            row = await _find_tenant(connection, "find_tenant", tenant_id)
            stored = await connection.fetchrow(_SQL["find_assistant"], tenant_id)
        return self._assistant_view(tenant_id, row, dict(stored) if stored is not None else None)

    async def change_assistant(
        self,
        tenant_id: UUID,
        expected_versions: frozenset[str] | None,
        change: Mapping[str, Any],
        actor: AuditActor,
    ) -> AssistantSettingsView:
        """Change the assistant. ``change`` has the keys of ``assistant`` in a provider file.

        None resets a value to its default. A stored API key is never used for another endpoint.
        Raises ``StaleSettingsError``, ``InvalidInputError``.
        """
        for name in ("endpoint", "transcription_endpoint"):
            if change.get(name):
                await self._check_address(change[name])
        async with self._database.system_transaction() as connection:
            row = await _lock_tenant(connection, tenant_id, expected_versions)
            row_before = await connection.fetchrow(_SQL["find_assistant"], tenant_id)
            stored = dict(row_before) if row_before is not None else None
            before = self._assistant_view(tenant_id, row, stored)
            entry = self._assistant_config(tenant_id, before, stored, change)
            await require_answering_teams(connection, tenant_id, change.get("facts"))
            await _require_teams(connection, tenant_id, entry)
            await sync_assistant(connection, self._encryptor, tenant_id, entry, stored)
            rest = {k: v for k, v in row["policy"].items() if k not in ASSISTANT_POLICY_FIELDS}
            policy = {**rest, **assistant_policy(entry)}
            (changed,) = await connection.fetch(_SQL["find_assistant"], tenant_id)
            if changed == row_before and policy == row["policy"]:
                return before
            version = await update_tenant(
                connection, row, replace(parse_tenant_row(row), policy=policy)
            )
            row = {**row, "policy": policy, "config_version": version}
            after = self._assistant_view(tenant_id, row, dict(changed))
            await record_change(
                connection,
                AuditEntry(
                    tenant_id,
                    actor,
                    "settings.assistant",
                    f"tenant:{tenant_id}",
                    _audit_fields({**before.values, "enabled": before.enabled}, change),
                    _audit_fields({**after.values, "enabled": after.enabled}, change),
                ),
            )
        return after

    async def facts(self, tenant_id: UUID) -> ProviderFactsView:
        """Return the current facts about the provider."""
        view = await self.assistant(tenant_id)
        return build_facts_view(view.version, view.values)

    async def change_facts(
        self,
        tenant_id: UUID,
        expected_versions: frozenset[str] | None,
        change: Mapping[str, Any],
        actor: AuditActor,
    ) -> ProviderFactsView:
        """Change facts; ``change`` has the keys of ``facts`` in a provider file, None removes one.

        Raises as :meth:`change_assistant`, and ``OperationRefusedError`` (``no_assistant``).
        """
        view = await self.change_assistant(tenant_id, expected_versions, {"facts": change}, actor)
        return build_facts_view(view.version, view.values)

    def _assistant_config(
        self,
        tenant_id: UUID,
        before: AssistantSettingsView,
        stored: Row | None,
        change: Mapping[str, Any],
    ) -> AssistantConfig:
        values = {**before.values, "enabled": before.enabled if stored else True, **change}
        values["persona"] = {**before.values.get("persona", {}), **(change.get("persona") or {})}
        if "facts" in change:
            values["facts"] = merge_facts(before.values.get("facts"), change["facts"])
        if change.get("api_key") is None:
            values.pop("api_key", None)
            if stored is not None and values["endpoint"] != stored["endpoint"]:
                raise InvalidInputError(
                    "Send api_key too. The stored key is used for its own endpoint only.",
                    code="api_key_needed",
                )
            if stored is not None:
                values["api_key"] = self._encryptor.open(
                    stored["api_key_sealed"],
                    tenant_id=tenant_id,
                    purpose=SecretPurpose.ASSISTANT_KEY,
                )
        self._keep_transcription_key(tenant_id, values, stored, change)
        self._keep_extra(tenant_id, values, stored, change)
        given = {name: value for name, value in values.items() if value is not None}
        return _validate(AssistantConfig, given)

    def _keep_transcription_key(
        self, tenant_id: UUID, values: dict[str, Any], stored: Row | None, change: Mapping[str, Any]
    ) -> None:
        """Use the stored key if none is sent, but only for the endpoint for which it was stored."""
        if "transcription_api_key" in change:
            return
        values.pop("transcription_api_key", None)
        sealed = stored["transcription_key_sealed"] if stored is not None else None
        if stored is None or sealed is None:
            return
        endpoint = values.get("transcription_endpoint") or values["endpoint"]
        if endpoint != (stored["transcription_endpoint"] or stored["endpoint"]):
            raise InvalidInputError(
                "Send transcription_api_key too, or null. The stored key is used for its own "
                "endpoint only.",
                code="api_key_needed",
            )
        values["transcription_api_key"] = self._encryptor.open(
            sealed, tenant_id=tenant_id, purpose=SecretPurpose.TRANSCRIPTION_KEY
        )

    def _keep_extra(
        self, tenant_id: UUID, values: dict[str, Any], stored: Row | None, change: Mapping[str, Any]
    ) -> None:
        """Keep stored extra headers and fields that are not sent, for the same endpoint only."""
        extra = self._extra(tenant_id, stored)
        for name, part in _EXTRA.items():
            if name in change:
                continue
            values[name] = extra[part]
            if stored is not None and extra[part] and values["endpoint"] != stored["endpoint"]:
                raise InvalidInputError(
                    f"Send {name} too, or null. The stored value is used for its own endpoint "
                    "only.",
                    code="extra_needed",
                )

    def _extra(self, tenant_id: UUID, stored: Row | None) -> dict[str, Any]:
        sealed = stored["extra_sealed"] if stored is not None else None
        if sealed is None:
            return {part: {} for part in _EXTRA.values()}
        opened = self._encryptor.open(
            sealed, tenant_id=tenant_id, purpose=SecretPurpose.ASSISTANT_EXTRA
        )
        return dict(json.loads(opened))

    def _assistant_view(
        self, tenant_id: UUID, row: Row, stored: Row | None
    ) -> AssistantSettingsView:
        """The view with only the names of the sealed extra headers and fields."""
        view = _assistant_without_secrets(row, stored)
        if stored is None:
            return view
        extra = self._extra(tenant_id, stored)
        names = {name: sorted(extra[part]) for name, part in _EXTRA.items()}
        return replace(view, values={**view.values, **names})


async def _lock_tenant(
    connection: Connection, tenant_id: UUID, expected_versions: frozenset[str] | None
) -> dict[str, Any]:
    row = await _find_tenant(connection, "lock_tenant", tenant_id)
    if expected_versions is not None and str(row["config_version"]) not in expected_versions:
        raise StaleSettingsError(
            "The settings have changed since they were read. Read them again, then repeat"
            " the change."
        )
    return row


async def _find_tenant(connection: Connection, query: str, tenant_id: UUID) -> dict[str, Any]:
    return await fetch_one(connection, _SQL[query], tenant_id, what="tenant")


async def _validate_policy(
    connection: Connection, tenant_id: UUID, policy: Mapping[str, Any], change: Mapping[str, Any]
) -> None:
    """Check rules that need the database or more than one field."""
    named = {change.get("team"), (change.get(RATINGS) or {}).get("reopen_team")} - {None, ""}
    if named and not named <= await _list_teams(connection, tenant_id):
        raise InvalidInputError(
            "The team does not exist. GET /api/v1/teams lists all teams.", code="no_team"
        )
    if any(name in change for name in _BURST):
        _validate(PolicyConfig, {name: policy[name] for name in _BURST if name in policy})
    if change.get(FOLLOW_UPS):
        _validate(PolicyConfig, {FOLLOW_UPS: format_follow_ups(policy[FOLLOW_UPS])})


async def _require_teams(connection: Connection, tenant_id: UUID, entry: AssistantConfig) -> None:
    kind = find_unknown_team(entry.requests, await _list_teams(connection, tenant_id))
    if kind is not None:
        raise InvalidInputError(
            f"requests.{kind}.team does not exist. GET /api/v1/teams lists all teams.",
            code="no_team",
        )


async def _list_teams(connection: Connection, tenant_id: UUID) -> set[str]:
    return {row["slug"] for row in await connection.fetch(_SQL["list_teams"], tenant_id)}


def _settings_view(row: Row) -> TenantSettingsView:
    return TenantSettingsView(
        row["config_version"],
        row["name"],
        row["timezone"],
        row["plan"],
        format_policy(row["policy"]),
    )


def _assistant_without_secrets(row: Row, stored: Row | None) -> AssistantSettingsView:
    values = (
        {}
        if stored is None
        else {
            name: stored[name]
            for name in AssistantConfig.model_fields
            if name not in ("enabled", *_SECRET_KEYS, *_EXTRA)
        }
    )
    for name in ("transcription_model", "transcription_endpoint", "vision_model"):
        values = {**values, name: values[name] or None} if name in values else values
    for price in ("price_in", "price_out", "transcription_price"):
        if price in values:
            values[price] = float(values[price])
    enabled = stored is not None and bool(row["policy"].get(_ENABLED, True))
    return AssistantSettingsView(row["config_version"], enabled, values)


def _validate(model: type[Model], values: Mapping[str, Any]) -> Model:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, each['loc']))}: {each['msg'].removeprefix('Value error, ')}"
            for each in error.errors()
        ]
    # Raised outside the handler: pydantic's error contains the values, one of which is secret.
    raise InvalidInputError("; ".join(problems).removeprefix(": "), code="bad_settings")


def _audit_fields(values: Mapping[str, Any], changed: Mapping[str, Any]) -> dict[str, Any]:
    """Audit fields: the names of all changed fields, and the values that are no text or secret."""
    hidden_suffixes = ("_text", *_SECRET_KEYS, "persona", "facts", *_EXTRA)
    shown = {k: v for k, v in values.items() if k in changed and not k.endswith(hidden_suffixes)}
    return {**shown, "changed": changed_field_names(changed)}
