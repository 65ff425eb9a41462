"""``/reports/follow-ups``: customers who went quiet, and those who were won back."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime, Field

from niochat.domain.conversation.state import ConversationStatus
from niochat.domain.follow_up.buying_interest import BuyingInterest
from niochat.domain.follow_up.follow_up_plan import FollowUpStatus, StopReason
from niochat.domain.permissions import PermissionAction
from niochat.http.api.pagination import (
    CursorPage,
    PageCursor,
    PageLimit,
    format_time_cursor,
    parse_time_cursor,
)
from niochat.http.api.schemas import ResponseModel
from niochat.http.rest.conversation_access import READ_ACTION
from niochat.http.rest.dependencies import audit_read
from niochat.http.rest.reports.report_routes import (
    MayReadReports,
    PeriodEnd,
    PeriodStart,
    audience_for,
    field_error,
)
from niochat.http.rest.rest_services import services_for
from niochat.identity.authentication import Principal
from niochat.insights.follow_ups.follow_up_report import (
    FollowUpFunnelStep,
    FollowUpPage,
    FollowUpSelection,
)
from niochat.insights.reports.report_period import ReportInputError

router = APIRouter(prefix="/reports/follow-ups", tags=["reports"])


class FollowUpFunnel(ResponseModel):
    """Conversations that showed interest in the period. ``quiet``: of them, the customer was silent
    long enough; ``written_to``: at least one attempt was made. The others say how they ended;
    ``open`` ones have not.
    """

    interested: int
    quiet: int
    written_to: int
    recovered: int
    lost: int
    stopped: int
    open: int


class StoppedFollowUps(ResponseModel):
    """How many were stopped for a reason."""

    reason: StopReason
    count: int


class FollowUpAttemptFigures(ResponseModel):
    """Attempts of one number. ``recovered``: the customer came back after it; ``rate`` is their
    share of ``sent``, from 0 to 1, and null without any.
    """

    number: int
    sent: int
    unsent: int
    recovered: int
    rate: float | None


class FollowUpTextFigures(FollowUpAttemptFigures):
    """The same of one text. ``value`` is the price per month of the plans of those won back."""

    text: str
    value: float


class FollowUpReportResponse(ResponseModel):
    """Figures of a period. ``recovered_value`` is the sum of the plans' prices per month of the
    customers won back; of ``recovered_without_value`` the plan is not known.
    """

    since: Annotated[AwareDatetime, Field(alias="from")]
    until: Annotated[AwareDatetime, Field(alias="to")]
    timezone: str
    funnel: FollowUpFunnel
    stopped: list[StoppedFollowUps]
    attempts: list[FollowUpAttemptFigures]
    texts: list[FollowUpTextFigures]
    recovered_value: float
    recovered_without_value: int


class FollowUpConversationResponse(ResponseModel):
    """A conversation that showed interest. ``plan_value`` is the plan's price per month."""

    conversation_id: UUID
    protocol: str
    conversation_status: ConversationStatus
    contact_id: UUID
    contact: str | None
    interest: BuyingInterest
    plan: str
    plan_value: float | None
    status: FollowUpStatus
    reason: StopReason | Literal[""]
    attempts: int
    interested_at: AwareDatetime
    last_attempt_at: AwareDatetime | None
    ended_at: AwareDatetime | None


@router.get("")
async def show_follow_ups(
    caller: MayReadReports,
    request: Request,
    since: PeriodStart = None,
    until: PeriodEnd = None,
) -> FollowUpReportResponse:
    """Show the funnel of the conversations that showed interest in a period, in which attempt and
    after which text customers came back, and what their plans are worth. Without a period it is the
    last seven days. The caller's scope of ``reports:read`` limits the conversations.
    """
    tenant_id = caller.require(PermissionAction.REPORTS_READ)
    selection = _selection(caller, since, until, PermissionAction.REPORTS_READ)
    try:
        figures = await services_for(request).follow_up_report.load_figures(tenant_id, selection)
    except ReportInputError as error:
        raise field_error(error) from error
    await audit_read(request, caller, "reports.read", "reports", {"metrics": "follow_ups"})
    return FollowUpReportResponse.model_validate(
        {
            "from": figures.period.since,
            "to": figures.period.until,
            "timezone": str(figures.period.zone),
            "funnel": {step.value: count for step, count in figures.funnel.items()},
            "stopped": [{"reason": reason, "count": count} for reason, count in figures.stopped],
            "attempts": _attempts(figures.texts),
            "texts": [_with_rate(row) for row in figures.texts],
            "recovered_value": figures.recovered_value,
            "recovered_without_value": figures.recovered_without_value,
        }
    )


@router.get("/conversations")
async def list_follow_ups(
    caller: MayReadReports,
    request: Request,
    *,
    step: FollowUpFunnelStep = FollowUpFunnelStep.INTERESTED,
    reason: StopReason | None = None,
    attempt: Annotated[int | None, Query(ge=1, le=3)] = None,
    since: PeriodStart = None,
    until: PeriodEnd = None,
    limit: PageLimit = 50,
    cursor: PageCursor = None,
) -> CursorPage[FollowUpConversationResponse]:
    """List the conversations behind a figure, the latest interest first: those that a ``step`` of
    the funnel counts, stopped ones for a ``reason``, and those with an ``attempt`` of this number.
    Only conversations that the caller also sees in lists are returned.
    """
    tenant_id = caller.require(PermissionAction.REPORTS_READ)
    selection = _selection(caller, since, until, PermissionAction.CONVERSATIONS_READ)
    page = FollowUpPage(step, reason, attempt, parse_time_cursor(cursor), limit + 1)
    try:
        rows = await services_for(request).follow_up_report.list_conversations(
            tenant_id, selection, page
        )
    except ReportInputError as error:
        raise field_error(error) from error
    shown, following = rows[:limit], None
    if len(rows) > limit:
        following = format_time_cursor(shown[-1]["interested_at"], shown[-1]["conversation_id"])
    await audit_read(request, caller, READ_ACTION, "reports", {"shown": len(shown)})
    return CursorPage(
        items=[FollowUpConversationResponse.model_validate(row) for row in shown],
        next_cursor=following,
    )


def _selection(
    caller: Principal, since: PeriodStart, until: PeriodEnd, action: PermissionAction
) -> FollowUpSelection:
    return FollowUpSelection(since, until, audience_for(caller, action))


def _attempts(texts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The sums of the texts of each attempt."""
    sums: dict[int, dict[str, int]] = defaultdict(lambda: {"sent": 0, "unsent": 0, "recovered": 0})
    for row in texts:
        for name in sums[row["number"]]:
            sums[row["number"]][name] += row[name]
    return [_with_rate({"number": number, **sums[number]}) for number in sorted(sums)]


def _with_rate(row: dict[str, Any]) -> dict[str, Any]:
    rate = round(row["recovered"] / row["sent"], 4) if row["sent"] else None
    return {**row, "rate": rate}
