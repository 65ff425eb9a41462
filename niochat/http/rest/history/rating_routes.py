"""``/ratings``: the ratings of conversations, and their statistics."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AwareDatetime

from niochat.domain.permissions import PermissionAction
from niochat.domain.rating.conversation_rating import RatingStatus
from niochat.http.api.pagination import (
    CursorPage,
    PageCursor,
    PageLimit,
    format_time_cursor,
    parse_time_cursor,
)
from niochat.http.api.schemas import ResponseModel
from niochat.http.rest.conversation_access import visibility_for
from niochat.http.rest.dependencies import PermissionDependency, audit_read
from niochat.http.rest.idempotent_route import IdempotentRoute
from niochat.http.rest.rest_services import services_for
from niochat.identity.authentication import Principal
from niochat.ratings.rating_queries import RatingFilter, RatingGrouping, ReaderScope

MayRead = Annotated[Principal, Depends(PermissionDependency(PermissionAction.CONVERSATIONS_READ))]
READ_ACTION = "ratings.read"
"""The action in the audit log for reading ratings."""

router = APIRouter(tags=["ratings"], route_class=IdempotentRoute)


class RatingResponse(ResponseModel):
    """A rating. ``reason`` says why it was skipped, expired or failed. ``team`` and ``agent`` are
    those of the conversation when it was resolved; without an agent the assistant served it alone.
    ``score`` is from 1 (worst) to 5 (best), and null for an answer that does not say how much.
    """

    id: UUID
    conversation_id: UUID
    protocol: str
    contact_id: UUID
    contact: str | None
    channel_id: UUID
    team: str | None
    agent: str | None
    status: RatingStatus
    reason: str
    created_at: datetime
    due_at: datetime | None
    sent_at: datetime | None
    answered_at: datetime | None
    score: int | None
    answer: str | None
    comments: list[str]
    theme: str | None
    tone: str | None
    urgency: str | None


class RatingStatisticsRow(ResponseModel):
    """Numbers of one group. ``key`` is the agent's id, the team's slug, the channel's id or the day
    in the tenant's time zone; empty for no agent or team, and without grouping. ``requested``
    counts requests that were sent, ``scores`` the answers with score 1 to 5. ``average`` is null
    without any. ``satisfied`` is the share of scores 4 and 5, ``response_rate`` that of answered
    requests, both from 0 to 1.
    """

    key: str
    requested: int
    answered: int
    response_rate: float | None
    scores: list[int]
    average: float | None
    satisfied: float | None


class RatingStatisticsResponse(ResponseModel):
    """Statistics of the selected ratings by group, in the order of ``key``."""

    rows: list[RatingStatisticsRow]


def selected_ratings(
    *,
    since: Annotated[
        AwareDatetime | None, Query(alias="from", description="First moment of the resolution.")
    ] = None,
    until: Annotated[
        AwareDatetime | None, Query(alias="to", description="First moment after the period.")
    ] = None,
    status: Annotated[list[RatingStatus] | None, Query()] = None,
    score: Annotated[list[Annotated[int, Query(ge=1, le=5)]] | None, Query(max_length=5)] = None,
    agent: Annotated[
        list[str] | None, Query(max_length=50, description="Ids; `none` for the assistant alone.")
    ] = None,
    team: Annotated[list[str] | None, Query(max_length=50)] = None,
    channel: Annotated[list[UUID] | None, Query(max_length=50)] = None,
    with_comment: Annotated[bool, Query(description="Only those with a text of the customer.")] = (
        False
    ),
) -> RatingFilter:
    """Return the filter of the query."""
    return RatingFilter(
        since,
        until,
        [each.value for each in status or ()],
        score or (),
        agent or (),
        team or (),
        channel or (),
        with_comment,
    )


SelectedRatings = Annotated[RatingFilter, Depends(selected_ratings)]


@router.get("/ratings")
async def list_ratings(
    caller: MayRead,
    request: Request,
    selected: SelectedRatings,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> CursorPage[RatingResponse]:
    """List ratings of conversations that the caller may see, the newest first. Filters can be
    repeated: one of the values has to match.
    """
    tenant_id = caller.require(PermissionAction.CONVERSATIONS_READ)
    rows = await services_for(request).ratings.list_ratings(
        tenant_id, _seen_by(caller), selected, parse_time_cursor(cursor), limit + 1
    )
    shown, following = rows[:limit], None
    if len(rows) > limit:
        following = format_time_cursor(shown[-1]["created_at"], shown[-1]["id"])
    await audit_read(request, caller, READ_ACTION, "ratings", {"shown": len(shown)})
    return CursorPage(
        items=[RatingResponse.model_validate(row) for row in shown], next_cursor=following
    )


@router.get("/ratings/statistics")
async def count_ratings(
    caller: MayRead, request: Request, selected: SelectedRatings, group_by: RatingGrouping = "none"
) -> RatingStatisticsResponse:
    """Count the same ratings by group."""
    tenant_id = caller.require(PermissionAction.CONVERSATIONS_READ)
    rows = await services_for(request).ratings.count_ratings(
        tenant_id, _seen_by(caller), selected, group_by
    )
    await audit_read(request, caller, READ_ACTION, "ratings", {"grouped_by": group_by})
    return RatingStatisticsResponse(
        rows=[
            RatingStatisticsRow(
                **row,
                response_rate=_share(row["answered"], row["requested"]),
                satisfied=_share(sum(row["scores"][3:]), sum(row["scores"])),
            )
            for row in rows
        ]
    )


def _seen_by(caller: Principal) -> ReaderScope:
    visible = visibility_for(caller)
    return visible.scope, visible.user, sorted(visible.teams)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
