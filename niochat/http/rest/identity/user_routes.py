"""``/users``: the users of a tenant."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import EmailStr, Field

from niochat.adapters.clock import database_clock
from niochat.domain.permissions import (
    PermissionAction,
)
from niochat.http.api.pagination import (
    CursorPage,
    PageCursor,
    PageLimit,
    parse_id_cursor,
    split_page,
)
from niochat.http.api.schemas import DisplayName, RequestModel, ResponseModel, Slug
from niochat.http.rest.dependencies import (
    PermissionDependency,
    agent_presence_for,
    announce_access_change,
    announce_presence_change,
    audit_actor_for,
    audit_read,
    changed_by_for,
    identity_services_for,
)
from niochat.http.rest.idempotent_route import IdempotentRoute
from niochat.identity.authentication import Principal
from niochat.identity.one_time_links import LinkPurpose
from niochat.identity.sessions import SessionEndReason
from niochat.identity.users import NewUser, UserUpdate

TeamSlugs = Annotated[list[Slug], Field(max_length=100)]
MayRead = Annotated[Principal, Depends(PermissionDependency(PermissionAction.USERS_READ))]
MayWrite = Annotated[Principal, Depends(PermissionDependency(PermissionAction.USERS_WRITE))]

router = APIRouter(tags=["users"], route_class=IdempotentRoute)


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
    name: DisplayName
    role: Slug
    teams: TeamSlugs = Field(default_factory=list)


class UpdateUserRequest(RequestModel):
    """Changes to a user. A field that is left out stays unchanged."""

    name: DisplayName | None = None
    role: Slug | None = None
    teams: TeamSlugs | None = None
    disabled: bool | None = None


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
    user = await identity_services_for(request).users.invite(
        tenant_id, new, changed_by_for(request, caller)
    )
    await identity_services_for(request).one_time_links.send(
        user["id"], LinkPurpose.INVITATION, database_clock.now()
    )
    return UserResponse.model_validate(user)


@router.get("/users/{user_id}")
async def get_user(user_id: UUID, caller: MayRead, request: Request) -> UserResponse:
    """Return one user."""
    user = await identity_services_for(request).users.find(
        caller.require(PermissionAction.USERS_READ), user_id
    )
    await audit_read(request, caller, "users.read", f"user:{user_id}")
    return UserResponse.model_validate(user)


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
    user = await identity_services_for(request).users.change(
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
    return UserResponse.model_validate(user)


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
