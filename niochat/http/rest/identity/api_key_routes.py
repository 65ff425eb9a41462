"""``/api-keys``: keys of integrations."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from niochat.domain.errors import InvalidInputError
from niochat.domain.permissions import (
    PermissionAction,
    parse_grants,
)
from niochat.http.api.pagination import (
    CursorPage,
    PageCursor,
    PageLimit,
    parse_id_cursor,
    split_page,
)
from niochat.http.api.schemas import DisplayName, PermissionNames, RequestModel, ResponseModel
from niochat.http.rest.dependencies import (
    PermissionDependency,
    changed_by_for,
    identity_services_for,
)
from niochat.http.rest.idempotent_route import IdempotentRoute
from niochat.identity.authentication import Principal

MayWriteKeys = Annotated[Principal, Depends(PermissionDependency(PermissionAction.KEYS_WRITE))]

router = APIRouter(tags=["api-keys"], route_class=IdempotentRoute)


class ApiKeyResponse(ResponseModel):
    """A key of an integration. ``hint`` is the beginning of the key. ``owner_id`` is the user
    responsible for the key; the key is ``stopped`` while the owner is disabled, until it is
    transferred.
    """

    id: UUID
    name: str
    hint: str
    permissions: list[str]
    created_by: UUID
    owner_id: UUID | None
    stopped: bool
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class CreateApiKeyRequest(RequestModel):
    """A new key. Without ``expires_at``, the key is valid until it is revoked."""

    name: DisplayName
    permissions: Annotated[PermissionNames, Field(min_length=1)]
    expires_at: datetime | None = None


class TransferApiKeyRequest(RequestModel):
    """The new owner. The user must have all permissions of the key."""

    user_id: UUID


class CreatedApiKeyResponse(ResponseModel):
    """The new key. ``key`` is shown only in this response."""

    id: UUID
    key: str
    created_at: datetime


@router.get("/api-keys")
async def list_api_keys(
    caller: MayWriteKeys, request: Request, limit: PageLimit = 50, cursor: PageCursor = None
) -> CursorPage[ApiKeyResponse]:
    """List the valid API keys, newest first."""
    tenant_id = caller.require(PermissionAction.KEYS_WRITE)
    rows = await identity_services_for(request).api_keys.list(
        tenant_id, parse_id_cursor(cursor), limit + 1
    )
    items, following = split_page(rows, limit)
    return CursorPage(
        items=[ApiKeyResponse.model_validate(each) for each in items], next_cursor=following
    )


@router.post("/api-keys", status_code=201)
async def create_api_key(
    body: CreateApiKeyRequest, caller: MayWriteKeys, request: Request
) -> CreatedApiKeyResponse:
    """Create an API key for an integration. A key cannot hold permissions that its creator does not
    have.
    """
    tenant_id, grants = caller.require(PermissionAction.KEYS_WRITE), parse_grants(body.permissions)
    if body.expires_at is not None and body.expires_at.tzinfo is None:
        raise InvalidInputError("expires_at needs a time zone, such as 2030-01-01T00:00:00Z.")
    key = await identity_services_for(request).api_keys.create(
        tenant_id, body.name, grants, changed_by_for(request, caller), body.expires_at
    )
    return CreatedApiKeyResponse.model_validate(key)


@router.delete("/api-keys/{key_id}", status_code=204)
async def revoke_api_key(key_id: UUID, caller: MayWriteKeys, request: Request) -> None:
    """Revoke an API key. It is rejected from the next request on."""
    tenant_id = caller.require(PermissionAction.KEYS_WRITE)
    await identity_services_for(request).api_keys.revoke(
        tenant_id, key_id, changed_by_for(request, caller)
    )


@router.put("/api-keys/{key_id}/owner", status_code=204)
async def transfer_api_key(
    key_id: UUID, body: TransferApiKeyRequest, caller: MayWriteKeys, request: Request
) -> None:
    """Transfer an API key to another owner. The key stops while its owner is disabled, and never
    has more permissions than its owner.
    """
    tenant_id = caller.require(PermissionAction.KEYS_WRITE)
    await identity_services_for(request).api_keys.transfer(
        tenant_id, key_id, body.user_id, changed_by_for(request, caller)
    )
