"""``/supabase``: where the provider is mirrored to, and how that goes."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import AfterValidator, AwareDatetime, Field, SecretStr

from niochat.adapters.clock import database_clock
from niochat.composition.mirror.mirror_services import SupabaseServices
from niochat.domain.errors import OperationRefusedError
from niochat.domain.permissions import PermissionAction
from niochat.domain.tenant.supabase_project import (
    MirroredMessages,
    check_jwt_secret,
    check_project_url,
    check_publishable_key,
    check_secret_key,
)
from niochat.http.api.schemas import RequestModel, ResponseModel
from niochat.http.rest.dependencies import PermissionDependency, audit_actor_for
from niochat.http.rest.rest_services import services_for
from niochat.identity.authentication import Principal
from niochat.mirror.administration.mirror_status import MirrorState, MirrorStatus
from niochat.mirror.administration.project_check import ProjectCheckName
from niochat.mirror.administration.tenant_tokens import TokenHolder
from niochat.mirror.mirror_settings import MirrorSettings, MirrorSettingsEditor, MirrorTarget
from niochat.mirror.settings_content import MirrorSettingsContent

MayRead = Annotated[Principal, Depends(PermissionDependency(PermissionAction.SETTINGS_READ))]
MayWrite = Annotated[Principal, Depends(PermissionDependency(PermissionAction.SETTINGS_WRITE))]

router = APIRouter(prefix="/supabase", tags=["supabase"])


def _check_secret_text(value: SecretStr) -> SecretStr:
    return SecretStr(check_secret_key(value.get_secret_value()))


def _check_jwt_secret_text(value: SecretStr) -> SecretStr:
    return SecretStr(check_jwt_secret(value.get_secret_value()))


ProjectUrl = Annotated[str, Field(max_length=500), AfterValidator(check_project_url)]
PublishableKey = Annotated[str, AfterValidator(check_publishable_key)]
SecretKey = Annotated[SecretStr, AfterValidator(_check_secret_text)]
JwtSecret = Annotated[SecretStr, Field(max_length=500), AfterValidator(_check_jwt_secret_text)]


class PutSupabaseRequest(RequestModel):
    """Whole settings. Without ``url`` the provider is mirrored to the project of the installation,
    if there is one; ``enabled`` false ends the mirroring. A ``key`` that is left out stays as it
    is, but another ``url`` needs its key. ``jwt_secret`` is for projects that verify tokens with
    a shared secret; left out it stays, null removes it.

    ``messages`` says what is mirrored of messages: ``full``, ``metadata`` (all but their text and
    the names of files) or ``none``. Another ``url`` or ``messages`` sends everything again.
    """

    enabled: bool = True
    url: ProjectUrl | None = None
    key: SecretKey | None = None
    publishable_key: PublishableKey | None = None
    messages: MirroredMessages = MirroredMessages.METADATA
    jwt_secret: JwtSecret | None = None

    def to_content(self) -> MirrorSettingsContent:
        """Return the settings as the store takes them."""
        removed = "" if "jwt_secret" in self.model_fields_set and self.url is not None else None
        return MirrorSettingsContent(
            self.enabled,
            self.url,
            None if self.key is None else self.key.get_secret_value(),
            self.publishable_key,
            self.messages,
            removed if self.jwt_secret is None else self.jwt_secret.get_secret_value(),
        )


class SupabaseSettingsResponse(ResponseModel):
    """The settings. ``key_hint`` is the end of the secret key, null without one and empty if it
    cannot be opened any more and has to be entered again. ``issuer`` is what the project has to
    trust as third-party auth.
    """

    enabled: bool
    url: str | None
    key_hint: str | None
    publishable_key: str | None
    messages: MirroredMessages
    has_jwt_secret: bool
    paused_at: AwareDatetime | None
    changed_at: AwareDatetime | None
    has_installation_project: bool
    issuer: str


class PauseSupabaseRequest(RequestModel):
    """Whether nothing is sent for the time being. What happens meanwhile is sent later."""

    paused: bool


class ProjectCheckResponse(ResponseModel):
    """The result of one check: ``reachable``, ``key``, ``tables`` (those of the mirror exist),
    ``token`` (a browser with a tenant token may read). ``ok`` is null if an earlier check has to
    succeed first. ``detail`` says what to do.
    """

    name: ProjectCheckName
    ok: bool | None
    code: str
    detail: str


class BackfillResponse(ResponseModel):
    """Rows that were sent of all that there were, about."""

    running: bool
    done: int
    total: int


class MirrorFailureResponse(ResponseModel):
    """Why nothing is sent. ``retry_at`` is the time of the next try."""

    code: str
    detail: str
    since: AwareDatetime
    retry_at: AwareDatetime | None


class DeadLetterGroupResponse(ResponseModel):
    """Rows of one source that the project refuses for the same reason."""

    source: str
    code: str
    reason: str
    counted: int
    last_at: AwareDatetime


class SupabaseStatusResponse(ResponseModel):
    """How the mirror does: ``off``, ``paused``, ``waiting`` (for its first turn), ``failing`` or
    ``active``. ``lag_s`` is the age in seconds of the oldest change that is not sent.
    """

    state: MirrorState
    lag_s: float
    backfill: BackfillResponse
    failure: MirrorFailureResponse | None
    mirrored_at: AwareDatetime | None
    rows_sent: int
    dead_letters: list[DeadLetterGroupResponse]


@router.get("")
async def get_supabase_settings(caller: MayRead, request: Request) -> SupabaseSettingsResponse:
    """Return where the provider is mirrored to. Secrets are never shown."""
    tenant_id = caller.require(PermissionAction.SETTINGS_READ)
    services = supabase_services_for(request)
    return _settings_response(services, await services.settings.find(tenant_id))


@router.put("")
async def replace_supabase_settings(
    body: PutSupabaseRequest, caller: MayWrite, request: Request
) -> SupabaseSettingsResponse:
    """Replace where the provider is mirrored to. It takes effect within seconds."""
    tenant_id = caller.require(PermissionAction.SETTINGS_WRITE)
    services = supabase_services_for(request)
    editor = MirrorSettingsEditor(tenant_id, audit_actor_for(request, caller))
    saved = await services.settings.replace(editor, body.to_content())
    return _settings_response(services, saved)


@router.put("/pause", status_code=204)
async def pause_supabase(body: PauseSupabaseRequest, caller: MayWrite, request: Request) -> None:
    """Pause or resume the mirror of the provider."""
    tenant_id = caller.require(PermissionAction.SETTINGS_WRITE)
    store, actor = supabase_services_for(request).settings, audit_actor_for(request, caller)
    if body.paused:
        await store.pause(actor, tenant_id)
    else:
        await store.resume(actor, tenant_id)


@router.post("/test")
async def check_supabase_project(caller: MayWrite, request: Request) -> list[ProjectCheckResponse]:
    """Try the saved project: can it be reached, does it accept the secret key, are the tables
    there, and may a browser read with a tenant token. Nothing is written.
    """
    services = supabase_services_for(request)
    target = await require_target(services, caller.require(PermissionAction.SETTINGS_WRITE))
    token = await services.tokens.sign(target, token_holder(caller), database_clock.now())
    checks = await services.checker.check(target, token.token)
    return [ProjectCheckResponse.model_validate(each) for each in checks]


@router.get("/status")
async def get_supabase_status(caller: MayRead, request: Request) -> SupabaseStatusResponse:
    """Return how the mirror of the provider does."""
    tenant_id = caller.require(PermissionAction.SETTINGS_READ)
    return _status_response(await supabase_services_for(request).status.read(tenant_id))


def supabase_services_for(request: Request) -> SupabaseServices:
    """Return the services of the mirror."""
    return services_for(request).supabase


async def require_target(services: SupabaseServices, tenant_id: Any) -> MirrorTarget:
    """Return where the tenant is mirrored to. Raises ``OperationRefusedError``
    (``no_supabase_project``).
    """
    target = await services.settings.find_target(tenant_id)
    if target is None:
        raise OperationRefusedError(
            "The provider has no Supabase project. Set one with PUT /api/v1/supabase.",
            code="no_supabase_project",
        )
    return target


def token_holder(caller: Principal) -> TokenHolder:
    """Return the caller as the holder of a tenant token."""
    return TokenHolder(caller.id, caller.tenant or "", caller.grants)


def _settings_response(
    services: SupabaseServices, settings: MirrorSettings
) -> SupabaseSettingsResponse:
    names = SupabaseSettingsResponse.model_fields.keys() - {"issuer"}
    values = {name: getattr(settings, name) for name in names}
    return SupabaseSettingsResponse(**values, issuer=services.tokens.issuer)


def _status_response(status: MirrorStatus) -> SupabaseStatusResponse:
    names = SupabaseStatusResponse.model_fields.keys() - {"lag_s"}
    values = {name: getattr(status, name) for name in names}
    return SupabaseStatusResponse.model_validate(
        {**values, "lag_s": status.lag / timedelta(seconds=1)}, from_attributes=True
    )
