"""``/teams``: teams and how their queues assign conversations."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from niochat.domain.permissions import (
    PermissionAction,
)
from niochat.domain.presence import AssignmentMode
from niochat.http.api.schemas import DisplayName, RequestModel, ResponseModel, Slug
from niochat.http.rest.dependencies import (
    PermissionDependency,
    changed_by_for,
    identity_services_for,
)
from niochat.http.rest.idempotent_route import IdempotentRoute
from niochat.identity.authentication import Principal

MayReadTeams = Annotated[Principal, Depends(PermissionDependency(PermissionAction.TEAMS_READ))]
MayWriteTeams = Annotated[Principal, Depends(PermissionDependency(PermissionAction.TEAMS_WRITE))]

router = APIRouter(tags=["teams"], route_class=IdempotentRoute)


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

    name: DisplayName
    assignment: AssignmentMode | None = None


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
    await identity_services_for(request).teams.put(
        tenant_id, slug, body.name, body.assignment, changed_by_for(request, caller)
    )


@router.delete("/teams/{slug}", status_code=204)
async def delete_team(slug: Slug, caller: MayWriteTeams, request: Request) -> None:
    """Delete a team that never received a conversation."""
    tenant_id = caller.require(PermissionAction.TEAMS_WRITE)
    await identity_services_for(request).teams.delete(
        tenant_id, slug, changed_by_for(request, caller)
    )
