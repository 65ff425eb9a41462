"""``/roles`` and ``/permissions``."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from niochat.domain.permissions import (
    PLATFORM_ACTIONS,
    SCOPED_ACTIONS,
    PermissionAction,
    parse_grants,
)
from niochat.http.api.schemas import PermissionNames, RequestModel, ResponseModel, Slug
from niochat.http.rest.dependencies import (
    PermissionDependency,
    PublicDependency,
    announce_access_change,
    changed_by_for,
    identity_services_for,
)
from niochat.http.rest.idempotent_route import IdempotentRoute
from niochat.identity.authentication import Principal

MayRead = Annotated[Principal, Depends(PermissionDependency(PermissionAction.USERS_READ))]
MayWriteRoles = Annotated[Principal, Depends(PermissionDependency(PermissionAction.ROLES_WRITE))]

router = APIRouter(tags=["roles"], route_class=IdempotentRoute)


class RoleResponse(ResponseModel):
    """A named set of permissions. Built-in roles cannot be changed."""

    name: str
    permissions: list[str]
    built_in: bool


class PutRoleRequest(RequestModel):
    """The permissions of the role, as listed by ``GET /permissions``."""

    permissions: PermissionNames


class PermissionResponse(ResponseModel):
    """A permission and its scopes. ``scopes`` is empty for a permission that is granted for
    everything or not at all.
    """

    permission: str
    scopes: list[str]


@router.get("/permissions", dependencies=[Depends(PublicDependency())])
async def list_permissions() -> list[PermissionResponse]:
    """List all permissions that a role or an API key can hold."""
    return [
        PermissionResponse(
            permission=action, scopes=["own", "team", "all"] if action in SCOPED_ACTIONS else []
        )
        for action in PermissionAction
        if action not in PLATFORM_ACTIONS
    ]


@router.get("/roles")
async def list_roles(caller: MayRead, request: Request) -> list[RoleResponse]:
    """List the built-in roles, then the roles of the tenant."""
    rows = await identity_services_for(request).roles.list(
        caller.require(PermissionAction.USERS_READ)
    )
    return [RoleResponse.model_validate(row) for row in rows]


@router.put("/roles/{name}", status_code=204)
async def put_role(
    name: Slug, body: PutRoleRequest, caller: MayWriteRoles, request: Request
) -> None:
    """Create a role, or replace the permissions of a role."""
    tenant_id, grants = caller.require(PermissionAction.ROLES_WRITE), parse_grants(body.permissions)
    await identity_services_for(request).roles.put(
        tenant_id, name, grants, changed_by_for(request, caller)
    )
    await announce_access_change(request, tenant_id)


@router.delete("/roles/{name}", status_code=204)
async def delete_role(name: Slug, caller: MayWriteRoles, request: Request) -> None:
    """Delete a role that no user has."""
    tenant_id = caller.require(PermissionAction.ROLES_WRITE)
    await identity_services_for(request).roles.delete(
        tenant_id, name, changed_by_for(request, caller)
    )
