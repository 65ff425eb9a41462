"""Exports of reports say what the reports say, as files that spreadsheets open."""

import csv
import io
import json
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pypdf
import pytest

from niochat.adapters.pdf_files import build_pdf
from niochat.adapters.spreadsheet_files import SpreadsheetTable, build_workbook, format_csv_rows
from niochat.domain.conversation.state import ConversationPriority
from niochat.insights.report_files.conversation_table import PRIORITIES, STATUSES
from niochat.insights.report_files.report_documents import build_report_document
from niochat.insights.report_files.report_labels import (
    CONTACT_REASONS,
    DELIVERY_FAILURES,
    HANDOFF_REASONS,
    MESSAGE_AUTHORS,
    PAUSE_REASONS,
    SERVED_BY,
    SLA_TARGETS,
    ReportLanguage,
    format_value,
)
from niochat.insights.reports.metric_catalog import METRICS, MetricUnit, ReportGrouping
from niochat.insights.reports.report_request import DrillDown, ReportAudience, ReportRequest
from tests.http.rest.conftest import assert_problem
from tests.insights.test_hand_computed_metrics import WEEK, WeekFixture, week

__all__ = ["week"]
DESK = Path(__file__).parents[2] / "frontend" / "src"
pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]


async def export(week: WeekFixture, path: str, **params: Any) -> httpx.Response:
    return await week.api.http.get(
        f"/reports/export/{path}", params={**WEEK, **params}, headers=week.headers
    )


def read_csv(response: httpx.Response) -> list[list[str]]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.content.startswith(b"\xef\xbb\xbf")
    text = response.content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))


async def test_a_table_has_the_rows_of_its_report(week: WeekFixture) -> None:
    metrics = "conversations,rating"
    report = await week.get("query", metric=metrics, group_by="agent")

    rows = read_csv(await export(week, "table", metric=metrics, group_by="agent", lang="en"))

    assert rows[0] == ["Agent", "Conversations", "Average rating (1 to 5)"]
    expected = [
        [
            row["name"] or row["key"] or "Without agent",
            f"{row['values']['conversations']:g}",
            "" if row["values"]["rating"] is None else str(row["values"]["rating"]),
        ]
        for row in report["rows"]
    ]
    assert rows[1:] == expected
    assert ["caio@example.com", "1", "2.0"] in rows


async def test_in_portuguese_decimals_have_a_comma(week: WeekFixture) -> None:
    rows = read_csv(await export(week, "table", metric="rating", compare="previous"))

    assert rows[0][0] == "Total"
    assert rows[0][2].endswith(", período anterior")
    assert rows[1][1] == "3,666667"
    assert rows[1][2] == ""


async def test_a_workbook_has_table_and_chart(week: WeekFixture) -> None:
    response = await export(week, "table", metric="conversations", group_by="day", format="xlsx")

    assert response.status_code == 200
    assert "report.xlsx" in response.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(response.content)) as workbook:
        names = workbook.namelist()
        sheet = workbook.read("xl/worksheets/sheet1.xml").decode()
    assert "xl/charts/chart1.xml" in names
    assert sheet.count("<row ") == 1 + 7


async def test_a_document_has_table_charts_and_definitions(week: WeekFixture) -> None:
    metrics = "conversations,rating,first_answer_time"

    response = await export(
        week, "table", metric=metrics, group_by="agent", format="pdf", compare="previous"
    )

    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/pdf"
    assert "report.pdf" in response.headers["content-disposition"]
    pages = pypdf.PdfReader(io.BytesIO(response.content)).pages
    text = " ".join("\n".join(page.extract_text() for page in pages).split())
    assert "Período: 20/04/2026 – 26/04/2026, comparado com 13/04/2026 – 19/04/2026" in text
    assert METRICS["rating"].text.definition_pt in text
    for name in metrics.split(","):
        # In a chart, in the head of the table, in the definitions.
        assert text.count(METRICS[name].text.label_pt) >= 3
    report = await week.get("query", metric=metrics, group_by="agent")
    for row in report["rows"]:
        assert (row["name"] or "Sem atendente") in text


async def test_the_charts_of_a_document_have_the_values_of_the_report(week: WeekFixture) -> None:
    everybody = ReportAudience("all", "", frozenset())
    metrics = (METRICS["conversations"], METRICS["rating"])
    request = ReportRequest(
        metrics,
        ReportGrouping.DAY,
        everybody,
        since=date(2026, 4, 20),
        until=date(2026, 4, 26),
        compare=True,
    )
    report = await week.api.services.reports.run_report(week.api.house.tenant, request)

    document = build_report_document(report, request, "Provedor <b> & 😀", "pt")

    assert [chart.title for chart in document.charts] == ["Atendimentos", "Nota média"]
    assert document.charts[0].labels[:2] == ["seg 20/04", "ter 21/04"]
    for metric, chart in zip(metrics, document.charts, strict=True):
        assert chart.is_time
        assert chart.values == [row.values[metric.name] for row in report.rows]
        assert chart.before == [(row.compared or {})[metric.name] for row in report.rows]
    text = pypdf.PdfReader(io.BytesIO(build_pdf(document))).pages[0].extract_text()
    assert "Provedor <b> & ?: relatório por dia" in text


async def test_each_grouping_becomes_a_document(week: WeekFixture) -> None:
    for grouping in ReportGrouping:
        metrics = [each.name for each in METRICS.values() if grouping in each.groupings]
        response = await export(
            week,
            "table",
            metric=",".join(metrics[:20]),
            group_by=grouping,
            format="pdf",
            lang="en",
        )
        assert response.status_code == 200, response.text
        assert response.content.startswith(b"%PDF-")


async def test_the_desk_has_the_same_names_of_rows() -> None:
    for column, language in enumerate(("pt-BR", "en")):
        reports = _texts(DESK / "features" / "reports" / "locales" / f"{language}.json")
        shared = _texts(DESK / "shared" / "locales" / f"{language}.json")
        for shown, names in (
            (reports["reasons"], HANDOFF_REASONS),
            (reports["contact_reasons"], CONTACT_REASONS),
            (reports["served_by"], SERVED_BY),
            (reports["message_authors"], MESSAGE_AUTHORS),
            (reports["delivery_failures"], DELIVERY_FAILURES),
            (reports["pause_reasons"], PAUSE_REASONS),
            (shared["sla"]["targets"], SLA_TARGETS),
            (shared["status"], STATUSES),
            (
                shared["priority"],
                {ConversationPriority(each).name.lower(): PRIORITIES[each] for each in PRIORITIES},
            ),
        ):
            assert shown == {key: both[column] for key, both in names.items()}


def _texts(path: Path) -> dict[str, Any]:
    texts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return texts


@pytest.mark.parametrize(
    ("value", "unit", "language", "shown"),
    [
        (None, MetricUnit.SECONDS, "pt", "–"),
        (6.84, MetricUnit.SECONDS, "pt", "6,8 s"),
        (59.6, MetricUnit.SECONDS, "pt", "1 min"),
        (320, MetricUnit.SECONDS, "en", "5 min 20 s"),
        (3599, MetricUnit.SECONDS, "en", "59 min 59 s"),
        (86_399, MetricUnit.SECONDS, "en", "1 d"),
        (183_600, MetricUnit.SECONDS, "pt", "2 d 3 h"),
        (1_234_567, MetricUnit.COUNT, "pt", "1.234.567"),
        (45.25, MetricUnit.PERCENT, "en", "45.2%"),
        (0.0031, MetricUnit.CURRENCY, "pt", "R$ 0,0031"),
        (1234.5, MetricUnit.CURRENCY, "pt", "R$ 1.234,50"),
        (4.666667, MetricUnit.SCORE, "pt", "4,67"),
    ],
)
async def test_values_are_written_with_their_units(
    value: float | None, unit: MetricUnit, language: ReportLanguage, shown: str
) -> None:
    assert format_value(value, unit, language) == shown


async def test_all_conversations_behind_a_value_are_exported(week: WeekFixture) -> None:
    rows = read_csv(await export(week, "conversations", metric="conversations"))

    assert len(rows) == 1 + 26
    assert len({row[0] for row in rows[1:]}) == 26
    opened = [row[2] for row in rows[1:]]
    assert opened == sorted(opened, reverse=True)


@pytest.mark.parametrize("limit", [5, 13, 26, 27])
async def test_batches_have_each_conversation_once(week: WeekFixture, limit: int) -> None:
    everybody = ReportAudience("all", "", frozenset())
    request = ReportRequest(
        (METRICS["conversations"],),
        ReportGrouping.NONE,
        everybody,
        since=date(2026, 4, 20),
        until=date(2026, 4, 26),
    )
    batches = [
        [row["id"] for row in batch]
        async for batch in week.api.services.reports.iterate_behind(
            week.api.house.tenant, DrillDown(request, None, None, limit), everybody
        )
    ]

    assert [len(batch) for batch in batches[:-1]] == [limit] * (len(batches) - 1)
    assert len({each for batch in batches for each in batch}) == sum(map(len, batches)) == 26


@pytest.mark.parametrize(
    ("path", "params", "field"),
    [
        ("table", {"metric": "love"}, "metric"),
        ("table", {"metric": "conversations", "format": "docx"}, "format"),
        ("table", {"metric": "conversations", "group_by": "moon"}, "group_by"),
        ("conversations", {"metric": "conversations,rating"}, "metric"),
        ("conversations", {"metric": "online_time"}, "metric"),
        ("conversations", {"metric": "conversations", "from": "yesterday"}, "from"),
    ],
)
async def test_a_wrong_parameter_is_named_and_no_file_begins(
    week: WeekFixture, path: str, params: dict[str, str], field: str
) -> None:
    body = assert_problem(await export(week, path, **params), 422, "invalid")
    assert field in str(body)


async def test_a_caller_without_the_permission_gets_no_file(week: WeekFixture) -> None:
    _, headers = await week.api.add_signed_in_user("agent")
    response = await week.api.http.get(
        "/reports/export/conversations",
        params={**WEEK, "metric": "conversations"},
        headers=headers,
    )
    own = await week.api.http.get(
        "/reports/conversations", params={**WEEK, "metric": "conversations"}, headers=headers
    )
    assert response.status_code == own.status_code
    if own.status_code == 200:
        assert len(read_csv(response)) == 1 + len(own.json()["items"])


async def test_a_file_of_conversations_has_names_and_local_times(week: WeekFixture) -> None:
    """c04: transferred from ana to financeiro, from there to caio, and resolved by him."""
    caio = await week.api.house.admin.fetchval(
        "SELECT name FROM users WHERE id = $1::text::uuid", week.people["caio"]
    )
    for language, header, status in (
        ("pt", ["Protocolo", "Situação", "Aberto em"], "Encerrada"),
        ("en", ["Protocol", "Status", "Opened at"], "Resolved"),
    ):
        file = await export(week, "conversations", metric="transfers", lang=language)
        names, row = read_csv(file)
        assert names[:3] == header
        assert row[1:3] == [status, "2026-04-20 12:00:00"]
        assert row[5:7] == ["Financeiro", caio]


async def test_texts_that_look_like_formulas_stay_texts() -> None:
    evil = '=HYPERLINK("http://example.com")'
    assert format_csv_rows([[evil, 1.5, -2]]) == '"\'=HYPERLINK(""http://example.com"")";1.5;-2\r\n'

    for start in (" =", "\u00a0+", "＝", "\t", "@", "－"):
        assert format_csv_rows([[f"{start}1"]]).lstrip('"').startswith("'")
    assert format_csv_rows([["Ana = Bia"]]) == "Ana = Bia\r\n"

    workbook = build_workbook(SpreadsheetTable("a/b:c", ["x", "y"], [[evil, 1.0]]))

    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert "HYPERLINK" in archive.read("xl/sharedStrings.xml").decode()
