"""``/reports/exports``: files of many conversations, made in the background."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, Field

from niochat.adapters.spreadsheet_files import CSV_TYPE, XLSX_TYPE
from niochat.composition.insights.export_services import export_access
from niochat.domain.errors import NotFoundError, PermissionDeniedError
from niochat.domain.permissions import PermissionAction
from niochat.http.api.pagination import (
    CursorPage,
    PageCursor,
    PageLimit,
    parse_id_cursor,
    split_page,
)
from niochat.http.api.schemas import RequestModel, ResponseModel
from niochat.http.rest.conversation_access import READ_ACTION
from niochat.http.rest.dependencies import PermissionDependency, audit_actor_for, audit_read
from niochat.http.rest.idempotent_route import IdempotentRoute
from niochat.http.rest.reports.report_routes import field_error
from niochat.http.rest.rest_services import services_for
from niochat.identity.authentication import Principal
from niochat.insights.exports.export_job import (
    FAILURE_TEXTS,
    ExportAccess,
    ExportFailure,
    ExportFileFormat,
    ExportOrder,
    ExportRequester,
    ExportState,
    file_key,
)
from niochat.insights.exports.export_store import ExportOwner, ReportExportStore
from niochat.insights.report_files.report_labels import ReportLanguage
from niochat.insights.reports.metric_catalog import ReportGrouping
from niochat.insights.reports.report_period import ReportInputError
from niochat.insights.reports.report_request import ReportFilter, ReportRequest, parse_metrics

MayReadReports = Annotated[Principal, Depends(PermissionDependency(PermissionAction.REPORTS_READ))]
FilterValue = Annotated[str, Field(min_length=1, max_length=64)]
CHUNK_BYTES = 1024 * 1024
"""Of a file, read at once."""

router = APIRouter(prefix="/reports/exports", tags=["reports"], route_class=IdempotentRoute)


class ExportFilters(RequestModel):
    """Conversations that match all of these. ``team`` and ``agent`` may be ``none``, ``agent`` also
    ``me``.
    """

    team: FilterValue | None = None
    agent: FilterValue | None = None
    channel: UUID | None = None
    label: FilterValue | None = None

    def to_filter(self, caller: Principal) -> ReportFilter:
        """Return the filter; ``agent=me`` is the caller."""
        agent = str(caller.id) if self.agent == "me" else self.agent
        return ReportFilter(self.team, agent, self.channel, self.label)


class RequestExportRequest(RequestModel):
    """Which conversations: those behind the value of a metric in the row ``key`` of a report, with
    the meaning that the parameters of ``GET /reports/conversations`` have. Without a period they
    are those of the last seven days. ``language`` is that of the mail.
    """

    metric: Annotated[str, Field(min_length=1, max_length=64)] = "conversations"
    group_by: ReportGrouping = ReportGrouping.NONE
    key: Annotated[str, Field(max_length=100)] | None = None
    filters: ExportFilters = ExportFilters()
    since: Annotated[date | AwareDatetime | None, Field(alias="from")] = None
    until: Annotated[date | AwareDatetime | None, Field(alias="to")] = None
    file_format: ExportFileFormat = "csv"
    language: ReportLanguage = "pt"

    async def to_order(
        self, request: Request, caller: Principal, access: ExportAccess
    ) -> ExportOrder:
        """Return the order with a period that stays the same. Raises ``RequestValidationError``."""
        tenant_id = caller.require(PermissionAction.REPORTS_READ)
        reports, filters = services_for(request).reports, self.filters.to_filter(caller)
        try:
            metrics = parse_metrics(self.metric, self.group_by)
            if len(metrics) > 1:
                raise ReportInputError("metric", "Send one metric.")
            asked = ReportRequest(
                metrics, self.group_by, access.reports, filters, self.since, self.until
            )
            period = await reports.find_period(tenant_id, asked)
            order = ExportOrder(
                metrics[0].name,
                self.group_by,
                self.key,
                filters,
                period.since,
                period.until,
                self.file_format,
                self.language,
            )
            await reports.list_behind(
                tenant_id, order.drill_down(access.reports, 0), access.visible
            )
        except ReportInputError as error:
            raise field_error(error, "body") from error
        return order


class ExportFailureResponse(ResponseModel):
    """Why a job failed: a stable ``code``, and a text that says what to do."""

    code: ExportFailure
    title: str


class ReportExportResponse(ResponseModel):
    """An export job. ``rows_expected`` is null until the conversations are counted. The file of a
    job that is ``done`` is deleted at ``expires_at``.
    """

    id: UUID
    metric: str
    group_by: ReportGrouping
    key: str | None
    filters: dict[str, str]
    since: AwareDatetime = Field(alias="from")
    until: AwareDatetime = Field(alias="to")
    file_format: ExportFileFormat
    state: ExportState
    rows_expected: int | None
    rows_written: int
    failure: ExportFailureResponse | None
    file_bytes: int | None
    created_at: AwareDatetime
    finished_at: AwareDatetime | None
    expires_at: AwareDatetime | None


@router.get("")
async def list_report_exports(
    caller: MayReadReports, request: Request, limit: PageLimit = 20, cursor: PageCursor = None
) -> CursorPage[ReportExportResponse]:
    """List the caller's export jobs, newest first."""
    after = parse_id_cursor(cursor)
    rows = await _store_for(request).list_page(_owner(request, caller), after, limit)
    items, following = split_page(rows, limit)
    return CursorPage(items=[_response(row) for row in items], next_cursor=following)


@router.post("", status_code=202)
async def request_report_export(
    body: RequestExportRequest, caller: MayReadReports, request: Request
) -> ReportExportResponse:
    """Request a file of all conversations behind a value, however many they are (up to a million).
    It is made in the background: ask for the job, or wait for the frame ``export`` of the socket,
    until its state is ``done``, then get ``/reports/exports/{export_id}/file``. The file has the
    conversations that the caller may read while it is made, and is kept for seven days. Three jobs
    of a caller and 20 of a provider may be unfinished.
    """
    order = await body.to_order(request, caller, _access(caller))
    row = await _store_for(request).create(_owner(request, caller), order)
    return _response(row)


@router.get("/{export_id}")
async def show_report_export(
    export_id: UUID, caller: MayReadReports, request: Request
) -> ReportExportResponse:
    """Show one of the caller's export jobs."""
    return _response(await _store_for(request).find(_owner(request, caller), export_id))


@router.delete("/{export_id}", status_code=204)
async def cancel_or_remove_report_export(
    export_id: UUID, caller: MayReadReports, request: Request
) -> None:
    """Cancel an export job that is not finished; remove any other one with its file."""
    await _store_for(request).cancel_or_remove(_owner(request, caller), export_id)


@router.get(
    "/{export_id}/file",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/csv": {}, XLSX_TYPE: {}}, "description": "The file."},
    },
)
async def download_report_export(
    export_id: UUID, caller: MayReadReports, request: Request
) -> StreamingResponse:
    """Stream the file of an export job that is done (else 409, ``export_not_done``). It is refused
    if the caller may no longer read all that it has (``export_not_covered``).
    """
    owner = _owner(request, caller)
    row = await _store_for(request).find_file(owner, export_id)
    if not _access(caller).covers(row["scopes"]):
        raise PermissionDeniedError(
            "The file has conversations that you may no longer read. Export again.",
            code="export_not_covered",
        )
    key = file_key(owner.tenant_id, export_id, row["file_attempt"])
    chunks = _chunks(request, key, row["file_bytes"])
    first = await anext(chunks)
    details: dict[str, object] = {"export": row["file_format"], "metric": row["metric"]}
    await audit_read(request, caller, READ_ACTION, f"report_export:{export_id}", details)
    extension = row["file_format"]
    return StreamingResponse(
        _rest(first, chunks),
        media_type=CSV_TYPE if extension == "csv" else XLSX_TYPE,
        headers={
            "content-length": str(row["file_bytes"]),
            "content-disposition": f'attachment; filename="conversations.{extension}"',
            "cache-control": "no-store",
        },
    )


async def _chunks(request: Request, key: str, size: int) -> AsyncIterator[bytes]:
    """The file in parts. Raises ``NotFoundError``, which breaks off a response that has begun."""
    files = services_for(request).file_store
    for start in range(0, size, CHUNK_BYTES):
        chunk = await files.get_range(key, start, min(CHUNK_BYTES, size - start))
        if chunk is None:
            raise NotFoundError("The file is no longer stored. Export again.", code="export_gone")
        yield chunk


async def _rest(first: bytes, more: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in more:
        yield chunk


def _response(row: dict[str, Any]) -> ReportExportResponse:
    failure = None
    if row["failure"] is not None:
        code = ExportFailure(row["failure"])
        failure = {"code": code, "title": FAILURE_TEXTS[code][1]}
    renamed = {**row, "failure": failure, "from": row["since"], "to": row["until"]}
    return ReportExportResponse.model_validate(renamed)


def _store_for(request: Request) -> ReportExportStore:
    return services_for(request).report_exports


def _owner(request: Request, caller: Principal) -> ExportOwner:
    requester = ExportRequester(caller.kind.value, caller.id)
    tenant_id = caller.require(PermissionAction.REPORTS_READ)
    return ExportOwner(tenant_id, requester, audit_actor_for(request, caller))


def _access(caller: Principal) -> ExportAccess:
    caller.require(PermissionAction.CONVERSATIONS_READ)
    access = export_access(caller)
    if access is None:
        raise PermissionDeniedError("The permission reports:read is required.")
    return access
