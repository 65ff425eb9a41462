"""``/reports/export``: reports, and the conversations behind them, as files for spreadsheets."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from niochat.adapters.pdf_files import PDF_TYPE
from niochat.adapters.spreadsheet_files import (
    BYTE_ORDER_MARK,
    CSV_TYPE,
    XLSX_TYPE,
    format_csv_rows,
)
from niochat.domain.errors import OperationRefusedError
from niochat.domain.permissions import PermissionAction
from niochat.http.rest.conversation_access import READ_ACTION
from niochat.http.rest.dependencies import audit_read
from niochat.http.rest.reports.report_routes import (
    Filters,
    MayReadReports,
    PeriodEnd,
    PeriodStart,
    ReportQueryParameters,
    audience_for,
    field_error,
    own_filters,
)
from niochat.http.rest.rest_services import services_for
from niochat.insights.exports.export_job import MAX_STREAMED_ROWS
from niochat.insights.report_files.conversation_table import ConversationTable
from niochat.insights.report_files.report_files import ReportFileFormat, build_report_file
from niochat.insights.report_files.report_labels import ReportLanguage
from niochat.insights.reports.metric_catalog import ReportGrouping
from niochat.insights.reports.report_period import ReportInputError
from niochat.insights.reports.report_request import (
    ConversationRows,
    DrillDown,
    ReportAudience,
    ReportRequest,
    parse_metrics,
)
from niochat.insights.reports.report_store import ReportStore

BATCH = 500
"""Conversations that are read at once."""
Language = Annotated[
    ReportLanguage, Query(alias="lang", description="Of the header, and of decimals in CSV.")
]

router = APIRouter(prefix="/reports/export", tags=["reports"])


@router.get(
    "/table",
    response_class=Response,
    responses={
        200: {
            "content": {"text/csv": {}, XLSX_TYPE: {}, PDF_TYPE: {}},
            "description": "The report.",
        }
    },
)
async def export_report(
    caller: MayReadReports,
    request: Request,
    query: ReportQueryParameters,
    file_format: Annotated[ReportFileFormat, Query(alias="format")] = "csv",
    language: Language = "pt",
) -> Response:
    """Return a report as a file: CSV (UTF-8 with a byte order mark, separated by semicolons), a
    workbook with a chart of the first metric, or a PDF with charts of the first six metrics and the
    definitions of all. The parameters are those of ``GET /reports/query``.
    """
    asked, report = await query.run(request, caller)
    tenant_id = caller.require(PermissionAction.REPORTS_READ)
    tenant = await services_for(request).tenants.tenant_admin.find(tenant_id)
    file = await asyncio.to_thread(
        build_report_file, report, asked, tenant["name"], file_format, language
    )
    return Response(
        file.content, media_type=file.media_type, headers=_headers(f"report.{file.extension}")
    )


@router.get(
    "/conversations",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}}, "description": "The conversations."}},
)
async def export_conversations(
    caller: MayReadReports,
    request: Request,
    filters: Filters,
    metric: Annotated[str, Query(max_length=64, description="The name of one metric.")],
    *,
    group_by: ReportGrouping = ReportGrouping.NONE,
    key: Annotated[str | None, Query(max_length=100, description="The key of a row.")] = None,
    since: PeriodStart = None,
    until: PeriodEnd = None,
    language: Language = "pt",
) -> StreamingResponse:
    """Stream the conversations behind a value of a report as CSV, latest opening first. It ends
    when the caller hangs up. The parameters are those of ``GET /reports/conversations``. More than
    5,000 conversations are refused with 409 (``export_too_large``): request them with ``POST
    /reports/exports``.
    """
    tenant_id = caller.require(PermissionAction.REPORTS_READ)
    visible = audience_for(caller, PermissionAction.CONVERSATIONS_READ)
    try:
        asked = ReportRequest(
            parse_metrics(metric, group_by),
            group_by,
            audience_for(caller, PermissionAction.REPORTS_READ),
            own_filters(filters, caller),
            since,
            until,
        )
        if len(asked.metrics) > 1:
            raise ReportInputError("metric", "Send one metric.")
        drill = DrillDown(asked, key, None, BATCH)
        reports = services_for(request).reports
        await _check_size(reports, tenant_id, drill, visible)
        table = ConversationTable(await reports.load_names(tenant_id), language)
        batches = reports.iterate_behind(tenant_id, drill, visible)
        # A wrong parameter, or a database that does not answer, is a problem and not a file.
        first: ConversationRows = await anext(batches, [])
    except ReportInputError as error:
        raise field_error(error) from error
    await audit_read(request, caller, READ_ACTION, "reports", {"export": "csv", "metric": metric})

    return StreamingResponse(
        _conversation_lines(table, first, batches),
        media_type=CSV_TYPE,
        headers=_headers("conversations.csv"),
    )


async def _check_size(
    reports: ReportStore, tenant_id: UUID, drill: DrillDown, visible: ReportAudience
) -> None:
    counted = replace(drill, limit=MAX_STREAMED_ROWS)
    if await reports.count_behind(tenant_id, counted, visible) > MAX_STREAMED_ROWS:
        raise OperationRefusedError(
            f"There are more than {MAX_STREAMED_ROWS:,} conversations. Request their file with "
            "POST /api/v1/reports/exports.",
            code="export_too_large",
        )


async def _conversation_lines(
    table: ConversationTable, first: ConversationRows, more: AsyncIterator[ConversationRows]
) -> AsyncIterator[str]:
    yield BYTE_ORDER_MARK + format_csv_rows([table.header])
    yield format_csv_rows(table.text_cells(first))
    async for rows in more:
        yield format_csv_rows(table.text_cells(rows))


def _headers(filename: str) -> dict[str, str]:
    return {
        "content-disposition": f'attachment; filename="{filename}"',
        "cache-control": "no-store",
    }
