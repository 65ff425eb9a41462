"""``/users``, ``/teams``, ``/roles``, ``/permissions``, ``/api-keys``: who works here, how far."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import EmailStr, Field

from niochat.adapters.clock import database_clock
from niochat.domain.errors import InvalidInputError
from niochat.domain.permissions import (
    PLATFORM_ACTIONS,
    SCOPED_ACTIONS,
    PermissionAction,
    parse_grants,
)
from niochat.domain.presence import AssignmentMode
from niochat.http.rest.dependencies import (
    PermissionDependency,
    PublicDependency,
    agent_presence_for,
    announce_access_change,
    announce_presence_change,
    audit_actor_for,
    audit_read,
    changed_by_for,
    identity_services_for,
)
from niochat.http.rest.idempotent_route import IdempotentRoute
from niochat.http.rest.schemas import (
    CursorPage,
    PageCursor,
    PageLimit,
    RequestModel,
    ResponseModel,
    parse_id_cursor,
    split_page,
)
from niochat.identity.authentication import Principal
from niochat.identity.one_time_links import LinkPurpose
from niochat.identity.sessions import SessionEndReason
from niochat.identity.users import NewUser, UserUpdate

Name = Annotated[str, Field(min_length=1, max_length=120)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
PermissionNames = Annotated[list[str], Field(max_length=100)]
TeamSlugs = Annotated[list[Slug], Field(max_length=100)]
MayRead = Annotated[Principal, Depends(PermissionDependency(PermissionAction.USERS_READ))]
MayWrite = Annotated[Principal, Depends(PermissionDependency(PermissionAction.USERS_WRITE))]
MayReadTeams = Annotated[Principal, Depends(PermissionDependency(PermissionAction.TEAMS_READ))]
MayWriteTeams = Annotated[Principal, Depends(PermissionDependency(PermissionAction.TEAMS_WRITE))]
MayWriteRoles = Annotated[Principal, Depends(PermissionDependency(PermissionAction.ROLES_WRITE))]
MayWriteKeys = Annotated[Principal, Depends(PermissionDependency(PermissionAction.KEYS_WRITE))]

router = APIRouter(tags=["people"], route_class=IdempotentRoute)


class UserResponse(ResponseModel):
    """A member of the provider. The status is ``invited`` until the user chooses a password."""

    id: UUID
    login: str
    name: str
    role: str
    teams: list[str]
    status: Literal["invited", "active", "disabled"]
    second_factor: bool
    created_at: datetime


class InviteUserRequest(RequestModel):
    """A new user. The user receives an e-mail with a link to choose a password."""

    login: EmailStr
    name: Name
    role: Slug
    teams: TeamSlugs = Field(default_factory=list)


class UpdateUserRequest(RequestModel):
    """Changes to a user. A field that is left out stays unchanged."""

    name: Name | None = None
    role: Slug | None = None
    teams: TeamSlugs | None = None
    disabled: bool | None = None


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


class TeamResponse(ResponseModel):
    """Agents who share a queue. ``waiting`` is the number of conversations in the queue.
    ``assignment`` is ``manual`` (agents take conversations), ``round_robin`` (the queue assigns
    each conversation to the available agent whose last assignment is oldest) or ``balanced`` (to
    the available agent with the most free capacity).
    """

    slug: str
    name: str
    assignment: AssignmentMode
    members: int
    waiting: int


class PutTeamRequest(RequestModel):
    """The name of the team and the assignment policy. Without ``assignment``, an existing team
    keeps its policy; a new team gets ``balanced``.
    """

    name: Name
    assignment: AssignmentMode | None = None


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

    name: Name
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


@router.get("/users")
async def list_users(
    caller: MayRead, request: Request, limit: PageLimit = 50, cursor: PageCursor = None
) -> CursorPage[UserResponse]:
    """List all users in the order of their creation."""
    tenant_id = caller.require(PermissionAction.USERS_READ)
    rows = await identity_services_for(request).users.list(
        tenant_id, parse_id_cursor(cursor), limit + 1
    )
    items, following = split_page(rows, limit)
    await audit_read(request, caller, "users.read", "users", {"shown": len(items)})
    return CursorPage(
        items=[UserResponse.model_validate(each) for each in items], next_cursor=following
    )


@router.post("/users", status_code=201)
async def invite_user(body: InviteUserRequest, caller: MayWrite, request: Request) -> UserResponse:
    """Invite a user. The invitation is sent by e-mail."""
    tenant_id = caller.require(PermissionAction.USERS_WRITE)
    new = NewUser(body.login, body.name, body.role, tuple(body.teams))
    made = await identity_services_for(request).users.invite(
        tenant_id, new, changed_by_for(request, caller)
    )
    await identity_services_for(request).one_time_links.send(
        made["id"], LinkPurpose.INVITATION, database_clock.now()
    )
    return UserResponse.model_validate(made)


@router.get("/users/{user_id}")
async def get_user(user_id: UUID, caller: MayRead, request: Request) -> UserResponse:
    """Return one user."""
    found = await identity_services_for(request).users.find(
        caller.require(PermissionAction.USERS_READ), user_id
    )
    await audit_read(request, caller, "users.read", f"user:{user_id}")
    return UserResponse.model_validate(found)


@router.patch("/users/{user_id}")
async def update_user(
    user_id: UUID, body: UpdateUserRequest, caller: MayWrite, request: Request
) -> UserResponse:
    """Change the name, role, teams or status of a user. A disabled user is signed out at the next
    request.
    """
    tenant_id = caller.require(PermissionAction.USERS_WRITE)
    teams = None if body.teams is None else tuple(body.teams)
    change = UserUpdate(body.name, body.role, body.disabled, teams)
    changed = await identity_services_for(request).users.change(
        tenant_id, user_id, change, changed_by_for(request, caller)
    )
    if body.disabled:
        await identity_services_for(request).sessions.end_all(
            user_id, SessionEndReason.REVOKED, database_clock.now()
        )
        await agent_presence_for(request).mark_disabled(
            tenant_id, user_id, audit_actor_for(request, caller)
        )
        await announce_presence_change(request, tenant_id, user_id)
    await announce_access_change(request, user_id)
    return UserResponse.model_validate(changed)


@router.post("/users/{user_id}/invitation", status_code=202)
async def resend_invitation(user_id: UUID, caller: MayWrite, request: Request) -> None:
    """Send the invitation of a user again. Earlier links become invalid."""
    tenant_id = caller.require(PermissionAction.USERS_WRITE)
    await identity_services_for(request).users.resend_invitation(
        tenant_id, user_id, changed_by_for(request, caller)
    )
    await identity_services_for(request).one_time_links.send(
        user_id, LinkPurpose.INVITATION, database_clock.now()
    )


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


@router.get("/teams")
async def list_teams(caller: MayReadTeams, request: Request) -> list[TeamResponse]:
    """List all teams."""
    rows = await identity_services_for(request).teams.list(
        caller.require(PermissionAction.TEAMS_READ)
    )
    return [TeamResponse.model_validate(row) for row in rows]


@router.put("/teams/{slug}", status_code=204)
async def put_team(
    slug: Slug, body: PutTeamRequest, caller: MayWriteTeams, request: Request
) -> None:
    """Create or change a team. Members are changed with ``PATCH /users/{user_id}``."""
    tenant_id = caller.require(PermissionAction.TEAMS_WRITE)
    by = changed_by_for(request, caller)
    await identity_services_for(request).teams.put(tenant_id, slug, body.name, body.assignment, by)


@router.delete("/teams/{slug}", status_code=204)
async def delete_team(slug: Slug, caller: MayWriteTeams, request: Request) -> None:
    """Delete a team that never received a conversation."""
    tenant_id = caller.require(PermissionAction.TEAMS_WRITE)
    await identity_services_for(request).teams.delete(
        tenant_id, slug, changed_by_for(request, caller)
    )


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
    made = await identity_services_for(request).api_keys.create(
        tenant_id, body.name, grants, changed_by_for(request, caller), body.expires_at
    )
    return CreatedApiKeyResponse.model_validate(made)


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
    by = changed_by_for(request, caller)
    await identity_services_for(request).api_keys.transfer(tenant_id, key_id, body.user_id, by)
