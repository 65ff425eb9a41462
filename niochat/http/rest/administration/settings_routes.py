"""``/settings``: the policy and the assistant of the tenant.

Each response has an ``ETag``. A change must send it back as ``If-Match`` (RFC 9110, 13.1.1), so
that nobody overwrites a version that they have not read.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field, SecretStr, create_model

from niochat.domain.permissions import PermissionAction
from niochat.http.api.entity_tags import IfMatch, parse_if_match
from niochat.http.api.schemas import RequestModel, ResponseModel
from niochat.http.rest.dependencies import (
    PermissionDependency,
    audit_actor_for,
    tenant_services_for,
)
from niochat.http.rest.idempotent_route import IdempotentRoute
from niochat.identity.authentication import Principal
from niochat.tenants.provider_facts_settings import ProviderFactsView
from niochat.tenants.provider_file.facts_schema import FactsConfig
from niochat.tenants.provider_file.field_types import ShortName, Timezone
from niochat.tenants.provider_file.policy_schema import PolicyConfig
from niochat.tenants.provider_file.provider_schema import AssistantConfig
from niochat.tenants.tenant_settings import (
    AssistantSettingsView,
    TenantSettingsChange,
    TenantSettingsView,
)

MayRead = Annotated[Principal, Depends(PermissionDependency(PermissionAction.SETTINGS_READ))]
MayWrite = Annotated[Principal, Depends(PermissionDependency(PermissionAction.SETTINGS_WRITE))]
MayWriteAssistant = Annotated[
    Principal, Depends(PermissionDependency(PermissionAction.SETTINGS_ASSISTANT))
]
_PLATFORM_LIMITS = frozenset({"turns_per_minute", "turns_at_once"})
"""Limits that superusers set: PATCH /tenants/{tenant_id}."""

router = APIRouter(prefix="/settings", tags=["settings"], route_class=IdempotentRoute)


def _partial_model(name: str, model: type[BaseModel], *excluded: str) -> type[BaseModel]:
    """Return a model with the same fields, all optional. Null restores the default."""
    fields: dict[str, Any] = {
        each: (Annotated[(info.annotation, Field(), *info.metadata)] | None, None)
        for each, info in model.model_fields.items()
        if each not in excluded
    }
    return create_model(name, __base__=RequestModel, __doc__=model.__doc__, **fields)


if TYPE_CHECKING:

    class UpdatePolicyRequest(BaseModel):
        """Created below from the schema of the provider file."""

    class UpdateAssistantRequest(BaseModel):
        """Created below from the schema of the provider file."""

    class UpdateFactsRequest(BaseModel):
        """Created below from the schema of the provider file."""

else:
    UpdatePolicyRequest = _partial_model("UpdatePolicyRequest", PolicyConfig)
    UpdateAssistantRequest = _partial_model(
        "UpdateAssistantRequest", AssistantConfig, "facts", *_PLATFORM_LIMITS
    )
    UpdateFactsRequest = _partial_model("UpdateFactsRequest", FactsConfig)


class SettingsResponse(ResponseModel):
    """The settings of the tenant. ``policy`` has the format of PATCH, with the default of every
    value that was never set.
    """

    name: str
    timezone: str
    plan: str
    policy: dict[str, Any]


class UpdateSettingsRequest(RequestModel):
    """Changes to the settings. A field that is left out stays unchanged; null in ``policy``
    restores the default.
    """

    name: ShortName | None = None
    timezone: Timezone | None = None
    policy: UpdatePolicyRequest | None = None


class PersonaResponse(ResponseModel):
    """How the assistant presents itself."""

    name: str | None = None
    company: str | None = None
    style: str | None = None
    greeting: str | None = None
    language: str | None = None


class AssistantSettingsResponse(ResponseModel):
    """The settings of the assistant. Before an assistant is configured, ``configured`` is false and
    all other fields are empty. The API key is never shown. Prices are per million tokens.
    """

    configured: bool
    enabled: bool
    endpoint: str | None = None
    model: str | None = None
    persona: PersonaResponse | None = None
    stream: bool | None = None
    max_steps: int | None = None
    max_tokens: int | None = None
    max_seconds: float | None = None
    turns_per_minute: Annotated[int | None, Field(description="Set by superusers.")] = None
    turns_at_once: Annotated[int | None, Field(description="Set by superusers.")] = None
    price_in: float | None = None
    price_out: float | None = None
    temperature: float | None = None
    seed: int | None = None
    parallel_tool_calls: bool | None = None
    dialect: list[str] | None = None
    extra_headers: Annotated[
        list[str] | None, Field(description="The names of the headers. Values are not shown.")
    ] = None
    extra_body: Annotated[
        list[str] | None, Field(description="The names of the fields. Values are not shown.")
    ] = None
    requests: dict[str, dict[str, Any]] | None = None
    transcription_model: str | None = None
    transcription_endpoint: Annotated[
        str | None, Field(description="Null: the endpoint of the assistant.")
    ] = None
    transcription_price: Annotated[
        float | None, Field(description="The price of a minute of speech.")
    ] = None
    sees: bool | None = None
    vision_model: str | None = None


class FactsResponse(ResponseModel):
    """Facts about the provider, in the format of PATCH. An ``amount`` of 0 means free of charge.
    Business hours and holidays are part of the policy.
    """

    facts: dict[str, Any]


@router.get("")
async def get_settings(caller: MayRead, request: Request, response: Response) -> SettingsResponse:
    """Return the settings of the tenant. The ETag is needed to change them."""
    tenant_id = caller.require(PermissionAction.SETTINGS_READ)
    return _settings_response(await tenant_services_for(request).settings.read(tenant_id), response)


@router.patch("")
async def update_settings(
    body: UpdateSettingsRequest,
    caller: MayWrite,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> SettingsResponse:
    """Change the settings of the tenant. Changes take effect within seconds."""
    tenant_id = caller.require(PermissionAction.SETTINGS_WRITE)
    tenant_services = tenant_services_for(request)
    policy: dict[str, Any] = {}
    if body.policy is not None:
        policy = body.policy.model_dump(mode="json", exclude_unset=True)
    change = TenantSettingsChange(body.name, body.timezone, policy)
    actor = audit_actor_for(request, caller)
    view = await tenant_services.settings.change(tenant_id, parse_if_match(if_match), change, actor)
    await tenant_services.announce_change(tenant_id)
    return _settings_response(view, response)


@router.get("/assistant")
async def get_assistant_settings(
    caller: MayRead, request: Request, response: Response
) -> AssistantSettingsResponse:
    """Return the settings of the assistant. The ETag is needed to change them."""
    tenant_id = caller.require(PermissionAction.SETTINGS_READ)
    return _assistant_response(
        await tenant_services_for(request).settings.assistant(tenant_id), response
    )


@router.patch("/assistant")
async def update_assistant_settings(
    body: UpdateAssistantRequest,
    caller: MayWriteAssistant,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> AssistantSettingsResponse:
    """Change the settings of the assistant. The first configuration needs ``endpoint``, ``model``
    and ``api_key``; a new ``endpoint`` needs its ``api_key``.
    """
    tenant_id = caller.require(PermissionAction.SETTINGS_ASSISTANT)
    tenant_services = tenant_services_for(request)
    change = {
        name: _json_value(value) for name, value in body.model_dump(exclude_unset=True).items()
    }
    view = await tenant_services.settings.change_assistant(
        tenant_id, parse_if_match(if_match), change, audit_actor_for(request, caller)
    )
    await tenant_services.announce_change(tenant_id)
    return _assistant_response(view, response)


@router.get("/assistant/facts")
async def get_provider_facts(
    caller: MayRead, request: Request, response: Response
) -> FactsResponse:
    """Return the facts about the provider that the assistant may tell customers."""
    tenant_id = caller.require(PermissionAction.SETTINGS_READ)
    return _facts_response(await tenant_services_for(request).settings.facts(tenant_id), response)


@router.patch("/assistant/facts")
async def update_provider_facts(
    body: UpdateFactsRequest,
    caller: MayWriteAssistant,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> FactsResponse:
    """Change facts about the provider. A list replaces the whole list; null removes a fact. Send
    the ETag of the assistant settings as If-Match.
    """
    tenant_id = caller.require(PermissionAction.SETTINGS_ASSISTANT)
    tenant_services = tenant_services_for(request)
    change = body.model_dump(mode="json", exclude_unset=True)
    view = await tenant_services.settings.change_facts(
        tenant_id, parse_if_match(if_match), change, audit_actor_for(request, caller)
    )
    await tenant_services.announce_change(tenant_id)
    return _facts_response(view, response)


def _settings_response(view: TenantSettingsView, response: Response) -> SettingsResponse:
    response.headers["ETag"] = f'"{view.version}"'
    return SettingsResponse.model_validate(view)


def _assistant_response(
    view: AssistantSettingsView, response: Response
) -> AssistantSettingsResponse:
    response.headers["ETag"] = f'"{view.version}"'
    values = {name: value for name, value in view.values.items() if name != "facts"}
    return AssistantSettingsResponse(configured=bool(values), enabled=view.enabled, **values)


def _facts_response(view: ProviderFactsView, response: Response) -> FactsResponse:
    response.headers["ETag"] = f'"{view.version}"'
    return FactsResponse(facts=dict(view.values))


def _json_value(value: Any) -> Any:
    match value:
        case SecretStr():
            return value.get_secret_value()
        case Decimal():
            return float(value)
        case Mapping():
            return {name: _json_value(each) for name, each in value.items()}
        case _:
            return value
