"""Writes tables for spreadsheets: CSV text, and XLSX workbooks with the ``xlsxwriter`` library."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import xlsxwriter

FORMULA = re.compile(r"[\s\ufeff]*[=+\-@＝＋－＠]|[\t\r\n]")
"""A spreadsheet takes a cell that begins like this for a formula (OWASP, CSV injection)."""
BYTE_ORDER_MARK = "\ufeff"
"""Without it, Excel takes UTF-8 for another encoding."""
CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_SHEET_NAME = 31
MAX_CHARTED_ROWS = 60
MAX_SHEET_ROWS = 1_048_576
"""With the header; a limit of Excel."""
_CHART_SIZE = {"width": 720, "height": 360}
_WIDTH = 22

Cell = str | float | bool | Sequence[str] | None


@dataclass(frozen=True, slots=True)
class SpreadsheetTable:
    """A table. The first column names the rows; the others hold numbers or ``None``."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def format_csv_rows(rows: Sequence[Sequence[Any]], decimal_comma: bool = False) -> str:
    """Return rows as CSV for spreadsheets, separated by semicolons. Lists are joined by commas. A
    text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    text = io.StringIO()
    cells = ([_csv_cell(value, decimal_comma) for value in row] for row in rows)
    csv.writer(text, delimiter=";").writerows(cells)
    return text.getvalue()


def _csv_cell(value: object, decimal_comma: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value).replace(".", ",") if decimal_comma else str(value)
    text = ", ".join(value) if isinstance(value, list) else str(value)
    return f"'{text}" if FORMULA.match(text) else text


class TableFile(Protocol):
    """A file on this machine that is written row by row. Methods take processor time, so call them
    in a thread.
    """

    def write_rows(self, rows: Sequence[Sequence[Any]]) -> None:
        """Append rows. A cell is a text, a number, a time with an offset, a list or ``None``."""

    def close(self) -> None:
        """Finish the file, which is incomplete before."""

    def abandon(self) -> None:
        """Close the file without finishing it."""


class CsvTableFile:
    """CSV as ``format_csv_rows`` writes it."""

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._file.write(BYTE_ORDER_MARK)
        self.write_rows([header])

    def write_rows(self, rows: Sequence[Sequence[Any]]) -> None:
        """Append rows."""
        self._file.write(format_csv_rows(rows))

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def abandon(self) -> None:
        """Close the file."""
        self._file.close()


class XlsxTableFile:
    """A workbook with one sheet, of which only the current row is in memory. Times are local times
    of ``zone``, with which spreadsheets compute.
    """

    def __init__(self, path: Path, header: Sequence[str], zone: ZoneInfo) -> None:
        options = {
            "constant_memory": True,
            "tmpdir": str(path.parent),
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "default_date_format": "yyyy-mm-dd hh:mm:ss",
        }
        self._zone, self._next_row = zone, 0
        self._workbook = xlsxwriter.Workbook(str(path), options)
        self._sheet = self._workbook.add_worksheet()
        self._sheet.set_column(0, len(header) - 1, _WIDTH)
        self._sheet.freeze_panes(1, 0)
        self.write_rows([header])

    def write_rows(self, rows: Sequence[Sequence[Any]]) -> None:
        """Append rows."""
        for row in rows:
            self._sheet.write_row(self._next_row, 0, [self._cell(value) for value in row])
            self._next_row += 1

    def close(self) -> None:
        """Finish the file."""
        self._workbook.close()

    def abandon(self) -> None:
        """Close the file of rows: to pack them into a workbook would take long."""
        self._sheet.row_data_fh.close()

    def _cell(self, value: Any) -> Any:
        if isinstance(value, datetime):
            return value.astimezone(self._zone).replace(tzinfo=None)
        return ", ".join(value) if isinstance(value, list) else value


def build_workbook(table: SpreadsheetTable) -> bytes:
    """Return a workbook with the table and a chart of its first column of numbers. Texts stay
    texts, also those that look like formulas. Takes processor time, so call it in a thread.
    """
    file = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as workbook:
        sheet = workbook.add_worksheet(_sheet_name(table.title))
        bold = workbook.add_format({"bold": True, "text_wrap": True, "bottom": 1})
        sheet.write_row(0, 0, table.header, bold)
        sheet.set_column(0, len(table.header) - 1, _WIDTH)
        sheet.freeze_panes(1, 1)
        for number, row in enumerate(table.rows, 1):
            sheet.write_row(number, 0, row)
        if table.rows and len(table.rows) <= MAX_CHARTED_ROWS and len(table.header) > 1:
            _add_chart(workbook, sheet, table)
    return file.getvalue()


def _add_chart(workbook: Any, sheet: Any, table: SpreadsheetTable) -> None:
    last = len(table.rows)
    chart = workbook.add_chart({"type": "column"})
    chart.add_series(
        {
            "name": [sheet.name, 0, 1],
            "categories": [sheet.name, 1, 0, last, 0],
            "values": [sheet.name, 1, 1, last, 1],
        }
    )
    chart.set_title({"name": table.header[1]})
    chart.set_legend({"none": True})
    chart.set_size(_CHART_SIZE)
    sheet.insert_chart(1, len(table.header) + 1, chart)


def _sheet_name(title: str) -> str:
    """The name without the characters that Excel forbids."""
    return "".join(" " if each in "[]:*?/\\'" else each for each in title)[:MAX_SHEET_NAME]
