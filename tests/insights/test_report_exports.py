"""Exports of reports say what the reports say, as files that spreadsheets open."""

import csv
import io
import zipfile
from datetime import date
from typing import Any

import httpx
import pytest

from niochat.adapters.spreadsheet_files import SpreadsheetTable, build_workbook, format_csv_rows
from niochat.insights.reports.metric_catalog import METRICS, ReportGrouping
from niochat.insights.reports.report_request import DrillDown, ReportAudience, ReportRequest
from tests.http.rest.conftest import assert_problem
from tests.insights.test_hand_computed_metrics import WEEK, WeekFixture, week

__all__ = ["week"]
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
            row["name"] or row["key"] or "Agent",
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
        ("table", {"metric": "conversations", "format": "pdf"}, "format"),
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


async def test_texts_that_look_like_formulas_stay_texts() -> None:
    evil = '=HYPERLINK("http://example.com")'
    assert format_csv_rows([[evil, 1.5, -2]]) == '"\'=HYPERLINK(""http://example.com"")";1.5;-2\r\n'

    workbook = build_workbook(SpreadsheetTable("a/b:c", ["x", "y"], [[evil, 1.0]]))

    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert "HYPERLINK" in archive.read("xl/sharedStrings.xml").decode()
