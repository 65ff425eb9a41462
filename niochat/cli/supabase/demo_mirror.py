"""The mirror of the demo providers in the Supabase sandbox, and the link to its dashboard."""

from datetime import timedelta
from uuid import UUID

from niochat.adapters import clock
from niochat.cli import command_context
from niochat.cli.commands.admin_commands import identity_services_for
from niochat.composition.components import Components
from niochat.composition.mirror.mirror_services import build_mirror_settings
from niochat.domain.errors import NotFoundError
from niochat.domain.permissions import TENANT_ROLE_GRANTS, BuiltInRole, parse_grants
from niochat.domain.tenant.supabase_project import MirroredMessages
from niochat.identity.api_keys import ApiKeyRepository
from niochat.identity.demo_users import DEMO_TENANTS, demo_login
from niochat.identity.users import ChangedBy
from niochat.mirror.mirror_settings import MirrorSettingsEditor
from niochat.mirror.settings_content import MirrorSettingsContent
from niochat.ports.audit import AuditActor, AuditActorKind

DASHBOARD_VARIABLE = "NIOCHAT_DEMO_DASHBOARD_URL"
"""The link in ``env.json`` of the home. Whoever has it reads the rows of the demo provider."""
KEY_NAME = "Supabase dashboard of the demo"
KEY_LIFETIME = timedelta(days=1)
KEY_PERMISSIONS = ("reports:read:all", "conversations:read:all", "contacts:read", "audit:read")
_OPERATOR = AuditActor(AuditActorKind.OPERATOR, "operator")
_MAX_USERS = 200


async def prepare_demo_mirror(dashboard_url: str) -> str:
    """Mirror the texts of the demo providers, too, and return the address of the dashboard with a
    key of the first one, which may only read. The key of an earlier start is revoked.
    """
    async with command_context.connect_components() as parts:
        tenants = {each.slug: each.tenant_id for each in await parts.directory.list_tenants()}
        for slug in DEMO_TENANTS:
            await _mirror_texts(parts, tenants[slug])
        key = await _replace_key(parts, tenants[DEMO_TENANTS[0]])
    return f"{dashboard_url}#key={key}"


async def _mirror_texts(parts: Components, tenant_id: UUID) -> None:
    """Not where somebody has chosen another project: texts would leave this machine."""
    store = build_mirror_settings(parts.database, parts.vault, parts.settings, parts.ssrf_guard)
    present = await store.find(tenant_id)
    if present.url is None and present.messages is not MirroredMessages.FULL:
        content = MirrorSettingsContent(present.enabled, messages=MirroredMessages.FULL)
        await store.replace(MirrorSettingsEditor(tenant_id, _OPERATOR), content)


async def _replace_key(parts: Components, tenant_id: UUID) -> str:
    services = identity_services_for(parts)
    login = demo_login(BuiltInRole.ADMIN, DEMO_TENANTS[0])
    users = await services.users.list(tenant_id, None, _MAX_USERS)
    owner = next((each["id"] for each in users if each["login"] == login), None)
    if owner is None:
        raise NotFoundError(f"{login} is gone: start with another home folder")
    changed_by = ChangedBy(owner, TENANT_ROLE_GRANTS[BuiltInRole.ADMIN], _OPERATOR)
    keys = ApiKeyRepository(parts.database)
    for each in await keys.list(tenant_id, None, _MAX_USERS):
        if each["name"] == KEY_NAME:
            await keys.revoke(tenant_id, each["id"], changed_by)
    expires_at = clock.now() + KEY_LIFETIME
    issued = await keys.create(
        tenant_id, KEY_NAME, parse_grants(KEY_PERMISSIONS), changed_by, expires_at
    )
    return issued.key
