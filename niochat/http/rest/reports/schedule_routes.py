"""``/report-schedules``: reports that are sent by e-mail."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AwareDatetime, EmailStr, Field, field_validator

from niochat.adapters.clock import database_clock
from niochat.domain.errors import PermissionDeniedError
from niochat.domain.permissions import PermissionAction, PermissionScope
from niochat.http.api.entity_tags import IfMatch, parse_if_match, set_etag
from niochat.http.api.schemas import DisplayName, RequestModel, ResponseModel
from niochat.http.rest.dependencies import PermissionDependency, audit_actor_for
from niochat.http.rest.idempotent_route import IdempotentRoute
from niochat.http.rest.reports.report_routes import field_error
from niochat.http.rest.rest_services import services_for
from niochat.identity.authentication import Principal
from niochat.insights.report_files.report_files import ReportFileFormat
from niochat.insights.report_files.report_labels import ReportLanguage
from niochat.insights.reports.metric_catalog import ReportGrouping
from niochat.insights.reports.report_period import ReportInputError
from niochat.insights.reports.report_request import MAX_METRICS, ReportFilter, parse_metrics
from niochat.insights.schedules.schedule_store import (
    ReportScheduleStore,
    ScheduledReport,
    ScheduleEditor,
)
from niochat.insights.schedules.schedule_times import ReportCadence

MAX_RECIPIENTS = 10
MayReadSettings = Annotated[
    Principal, Depends(PermissionDependency(PermissionAction.SETTINGS_READ))
]
MayWriteSettings = Annotated[
    Principal, Depends(PermissionDependency(PermissionAction.SETTINGS_WRITE))
]
FilterValue = Annotated[str, Field(min_length=1, max_length=64)]

router = APIRouter(prefix="/report-schedules", tags=["reports"], route_class=IdempotentRoute)


class ScheduledReportFilters(RequestModel):
    """Conversations that match all of these. ``team`` and ``agent`` may be ``none``."""

    team: FilterValue | None = None
    agent: FilterValue | None = None
    channel: UUID | None = None
    label: FilterValue | None = None


class PutReportScheduleRequest(RequestModel):
    """A whole schedule. ``metrics`` and ``group_by`` are those of ``GET /reports/query``. The
    report is about the last complete day, week (Monday to Sunday) or month, compared with the one
    before, and leaves on the first day after it at ``hour`` in the provider's time zone.
    """

    name: DisplayName
    metrics: Annotated[list[FilterValue], Field(min_length=1, max_length=MAX_METRICS)]
    group_by: ReportGrouping = ReportGrouping.NONE
    filters: ScheduledReportFilters = ScheduledReportFilters()
    business_hours: bool = False
    cadence: ReportCadence
    hour: Annotated[int, Field(ge=0, le=23)] = 8
    file_format: ReportFileFormat = "pdf"
    language: ReportLanguage = "pt"
    recipients: Annotated[list[EmailStr], Field(min_length=1, max_length=MAX_RECIPIENTS)]
    active: bool = True

    @field_validator("recipients")
    @classmethod
    def _are_different(cls, value: list[str]) -> list[str]:
        if len({each.casefold() for each in value}) < len(value):
            raise ValueError("an address is listed twice")
        return value

    def to_report(self) -> ScheduledReport:
        """Return the schedule as the store takes it. Raises ``RequestValidationError``."""
        try:
            metrics = parse_metrics(",".join(self.metrics), self.group_by)
        except ReportInputError as error:
            raise field_error(error, "body") from error
        return ScheduledReport(
            self.name,
            tuple(each.name for each in metrics),
            self.group_by,
            self.cadence,
            self.hour,
            tuple(self.recipients),
            ReportFilter(**self.filters.model_dump()),
            self.business_hours,
            self.file_format,
            self.language,
            self.active,
        )


class ReportScheduleResponse(ResponseModel):
    """A schedule. ``next_at`` is when the next report is due, ``sent_at`` when the last one was
    queued as mails. ``failure`` is a code that says why the last attempt sent nothing; ``version``
    is the ``ETag``.
    """

    id: UUID
    name: str
    metrics: list[str]
    group_by: ReportGrouping
    filters: dict[str, str]
    business_hours: bool
    cadence: ReportCadence
    hour: int
    file_format: ReportFileFormat
    language: ReportLanguage
    recipients: list[str]
    active: bool
    version: int
    changed_at: AwareDatetime
    next_at: AwareDatetime
    sent_at: AwareDatetime | None
    failure: str | None


@router.get("")
async def list_report_schedules(
    caller: MayReadSettings, request: Request
) -> list[ReportScheduleResponse]:
    """List the scheduled reports by name."""
    rows = await _store_for(request).list_schedules(caller.require(PermissionAction.SETTINGS_READ))
    return [ReportScheduleResponse.model_validate(row) for row in rows]


@router.post("", status_code=201)
async def create_report_schedule(
    body: PutReportScheduleRequest, caller: MayWriteSettings, request: Request, response: Response
) -> ReportScheduleResponse:
    """Schedule a report. Its reports are about all conversations, so the caller needs
    ``reports:read`` for all of them.
    """
    row = await _store_for(request).create(_editor(request, caller), body.to_report())
    set_etag(response, row["version"])
    return ReportScheduleResponse.model_validate(row)


@router.put("/{schedule_id}")
async def replace_report_schedule(
    schedule_id: UUID,
    body: PutReportScheduleRequest,
    caller: MayWriteSettings,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> ReportScheduleResponse:
    """Replace a scheduled report. The next one is due at its next time."""
    store = _store_for(request)
    await store.find(caller.require(PermissionAction.SETTINGS_WRITE), schedule_id)
    row = await store.replace(
        _editor(request, caller), schedule_id, body.to_report(), parse_if_match(if_match)
    )
    set_etag(response, row["version"])
    return ReportScheduleResponse.model_validate(row)


@router.delete("/{schedule_id}", status_code=204)
async def delete_report_schedule(
    schedule_id: UUID, caller: MayWriteSettings, request: Request, if_match: IfMatch = None
) -> None:
    """Delete a scheduled report. With ``If-Match``, only in this version."""
    versions = None if if_match is None else parse_if_match(if_match)
    await _store_for(request).delete(_editor(request, caller), schedule_id, versions)


@router.post("/{schedule_id}/send", status_code=202)
async def send_report_now(
    schedule_id: UUID, caller: MayWriteSettings, request: Request
) -> ReportScheduleResponse:
    """Send the report of the last complete period now, besides its usual times."""
    row = await _store_for(request).send_now(_editor(request, caller), schedule_id)
    return ReportScheduleResponse.model_validate(row)


def _store_for(request: Request) -> ReportScheduleStore:
    return services_for(request).report_schedules


def _editor(request: Request, caller: Principal) -> ScheduleEditor:
    tenant_id = caller.require(PermissionAction.SETTINGS_WRITE)
    if caller.grants.get(PermissionAction.REPORTS_READ) is not PermissionScope.ALL:
        raise PermissionDeniedError(
            "Scheduled reports are about all conversations. The permission reports:read for all "
            "of them is required."
        )
    return ScheduleEditor(tenant_id, audit_actor_for(request, caller), database_clock.now())
