"""Reports as files to download or to send."""

from dataclasses import dataclass
from typing import Literal

from niochat.adapters.pdf_files import PDF_TYPE, build_pdf
from niochat.adapters.spreadsheet_files import (
    BYTE_ORDER_MARK,
    CSV_TYPE,
    XLSX_TYPE,
    build_workbook,
    format_csv_rows,
)
from niochat.insights.report_files.report_documents import build_report_document
from niochat.insights.report_files.report_labels import ReportLanguage
from niochat.insights.report_files.report_tables import build_report_table
from niochat.insights.reports.report_request import Report, ReportRequest

ReportFileFormat = Literal["csv", "xlsx", "pdf"]


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A report as a file."""

    media_type: str
    extension: ReportFileFormat
    content: bytes


def build_report_file(
    report: Report,
    request: ReportRequest,
    provider: str,
    file_format: ReportFileFormat,
    language: ReportLanguage,
) -> ReportFile:
    """Returns a report as a file. Takes processor time, so call it in a thread."""
    if file_format == "pdf":
        document = build_report_document(report, request, provider, language)
        return ReportFile(PDF_TYPE, "pdf", build_pdf(document))
    table = build_report_table(report, request, language)
    if file_format == "xlsx":
        return ReportFile(XLSX_TYPE, "xlsx", build_workbook(table))
    rows = format_csv_rows([table.header, *table.rows], decimal_comma=language == "pt")
    return ReportFile(CSV_TYPE, "csv", (BYTE_ORDER_MARK + rows).encode())
