"""Writes reports as PDF files with charts, with the ``reportlab`` library."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from reportlab.graphics.charts.barcharts import HorizontalBarChart, VerticalBarChart
from reportlab.graphics.shapes import Drawing, Rect, String
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import LongTable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

PDF_TYPE = "application/pdf"
MAX_BARS = 12
"""Bars of a chart; the table has all rows."""
MAX_TIME_LABELS = 6
_MARGIN = 36
_WIDTH = landscape(A4)[0] - 2 * _MARGIN
_CHART_WIDTH, _CHART_HEIGHT = int(_WIDTH / 2) - 8, 160
_FIRST_COLUMN = 110.0
_INK, _QUIET = colors.HexColor("#1f4e79"), colors.HexColor("#6b7280")
_LINE, _PALE = colors.HexColor("#c9ced6"), colors.HexColor("#b4bcc8")

_TITLE = ParagraphStyle("title", fontName="Helvetica-Bold", fontSize=16, leading=20)
_FACT = ParagraphStyle("fact", fontName="Helvetica", fontSize=9, leading=12, textColor=_QUIET)
_HEADING = ParagraphStyle("heading", fontName="Helvetica-Bold", fontSize=10, leading=14)
_CELL = ParagraphStyle("cell", fontName="Helvetica", fontSize=7, leading=8.5)
_NUMBER = ParagraphStyle("number", parent=_CELL, alignment=2)
_HEAD = ParagraphStyle("head", parent=_CELL, fontName="Helvetica-Bold", splitLongWords=0)
_NUMBER_HEAD = ParagraphStyle("number head", parent=_HEAD, alignment=2)
_NOTE = ParagraphStyle("note", fontName="Helvetica", fontSize=8, leading=11)


@dataclass(frozen=True, slots=True)
class PdfCell:
    """A value, and that of the period before, which stands below it."""

    text: str
    before: str | None = None


@dataclass(frozen=True, slots=True)
class PdfChart:
    """A column for each time, or a bar for each other label. ``before`` has the values of the
    period before; ``format_value`` writes a value.
    """

    title: str
    labels: Sequence[str]
    values: Sequence[float | None]
    before: Sequence[float | None] | None
    before_label: str
    is_time: bool
    format_value: Callable[[float], str]


@dataclass(frozen=True, slots=True)
class PdfDocument:
    """A report: ``facts`` stand below the title, ``notes`` (a term and what it means) at the end.
    ``page_label`` is the word before the number of a page.
    """

    title: str
    facts: Sequence[str]
    charts: Sequence[PdfChart]
    header: Sequence[str]
    rows: Sequence[Sequence[PdfCell]]
    notes_title: str
    notes: Sequence[tuple[str, str]]
    page_label: str


def build_pdf(document: PdfDocument) -> bytes:
    """Return the document on A4 pages. Characters that the standard fonts of PDF lack become ``?``.
    Takes processor time, so call it in a thread.
    """
    file = io.BytesIO()
    template = SimpleDocTemplate(
        file,
        pagesize=landscape(A4),
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=_plain(document.title),
        creator="NioChat",
    )

    def number_page(canvas: Any, template: Any) -> None:
        canvas.setFont("Helvetica", 8)
        canvas.setFillColor(_QUIET)
        text = _plain(f"{document.title} · {document.page_label} {template.page}")
        canvas.drawRightString(landscape(A4)[0] - _MARGIN, _MARGIN / 2, text)

    template.build(_content(document), onFirstPage=number_page, onLaterPages=number_page)
    return file.getvalue()


def _content(document: PdfDocument) -> list[Any]:
    content: list[Any] = [_paragraph(document.title, _TITLE)]
    content += [_paragraph(fact, _FACT) for fact in document.facts]
    content.append(Spacer(1, 10))
    charts = [_draw(chart) for chart in document.charts]
    if charts:
        pairs = [charts[index : index + 2] for index in range(0, len(charts), 2)]
        cells = [[*pair, ""] if len(pair) == 1 else pair for pair in pairs]
        content += [Table(cells, colWidths=[_WIDTH / 2] * 2), Spacer(1, 10)]
    content += [_table(document), Spacer(1, 12), _paragraph(document.notes_title, _HEADING)]
    content += [
        Paragraph(f"<b>{_markup(term)}</b>: {_markup(meaning)}", _NOTE)
        for term, meaning in document.notes
    ]
    return content


def _table(document: PdfDocument) -> LongTable:
    columns = len(document.header) - 1
    width = (_WIDTH - _FIRST_COLUMN) / max(columns, 1)
    head = [
        _paragraph(text, _NUMBER_HEAD if number else _HEAD)
        for number, text in enumerate(document.header)
    ]
    rows = [
        [_cell(cell, _NUMBER if number else _CELL) for number, cell in enumerate(row)]
        for row in document.rows
    ]
    style = TableStyle(
        [
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
            ("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.black),
            ("VALIGN", (0, 0), (-1, 0), "BOTTOM"),
            ("LEFTPADDING", (0, 0), (-1, -1), 3),
            ("RIGHTPADDING", (0, 0), (-1, -1), 3),
            ("TOPPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
        ]
    )
    return LongTable(
        [head, *rows], colWidths=[_FIRST_COLUMN] + [width] * columns, repeatRows=1, style=style
    )


def _draw(chart: PdfChart) -> Drawing:
    drawing = Drawing(_CHART_WIDTH, _CHART_HEIGHT + 30)
    drawing.add(
        String(0, _CHART_HEIGHT + 18, _plain(chart.title), fontName="Helvetica-Bold", fontSize=10)
    )
    drawing.add(_column_chart(chart) if chart.is_time else _bar_chart(chart))
    if chart.is_time and chart.before is not None:
        y = _CHART_HEIGHT + 6
        sample = Rect(0, y, 7, 7)
        sample.fillColor, sample.strokeColor = _PALE, None
        drawing.add(sample)
        drawing.add(String(12, y, _plain(chart.before_label), fontSize=7, fillColor=_QUIET))
    return drawing


def _column_chart(chart: PdfChart) -> VerticalBarChart:
    drawn = VerticalBarChart()
    drawn.x, drawn.y = 52, 18
    drawn.width, drawn.height = _CHART_WIDTH - 60, _CHART_HEIGHT - 24
    series = [chart.values] if chart.before is None else [chart.values, chart.before]
    drawn.data = [[None if value is None else float(value) for value in each] for each in series]
    # The first label and then each n-th, so that they stay readable.
    step = -(-len(chart.labels) // MAX_TIME_LABELS)
    drawn.categoryAxis.categoryNames = [
        _plain(label) if number % step == 0 else "" for number, label in enumerate(chart.labels)
    ]
    drawn.categoryAxis.labels.fontSize = drawn.valueAxis.labels.fontSize = 7
    drawn.categoryAxis.strokeColor = drawn.valueAxis.strokeColor = _LINE
    drawn.categoryAxis.visibleTicks = 0
    drawn.valueAxis.visibleGrid = 1
    drawn.valueAxis.gridStrokeColor = _LINE
    drawn.valueAxis.gridStrokeWidth = 0.4
    _scale(drawn.valueAxis, [value for each in series for value in each], chart.format_value)
    for number, color in enumerate((_INK, _PALE)[: len(series)]):
        drawn.bars[number].fillColor, drawn.bars[number].strokeColor = color, None
    return drawn


def _bar_chart(chart: PdfChart) -> HorizontalBarChart:
    measured = [
        (value, label)
        for value, label in zip(chart.values, chart.labels, strict=True)
        if value is not None
    ]
    # Bars are drawn from below.
    shown = sorted(measured, key=lambda each: each[0], reverse=True)[:MAX_BARS][::-1]
    drawn = HorizontalBarChart()
    drawn.x, drawn.y = 110, 6
    drawn.width, drawn.height = _CHART_WIDTH - 175, _CHART_HEIGHT - 12
    drawn.data = [[float(value) for value, _ in shown] or [0.0]]
    drawn.categoryAxis.categoryNames = [_shorten(label) for _, label in shown] or [""]
    drawn.categoryAxis.labels.fontSize = 7
    drawn.categoryAxis.strokeColor = _LINE
    drawn.categoryAxis.visibleTicks = 0
    drawn.valueAxis.visible = 0
    _scale(drawn.valueAxis, [value for value, _ in shown], chart.format_value)
    drawn.bars[0].fillColor, drawn.bars[0].strokeColor = _INK, None
    drawn.barLabels.fontSize = 7
    drawn.barLabels.boxAnchor = "w"
    drawn.barLabels.dx = 3
    drawn.barLabelFormat = lambda value: _plain(chart.format_value(value))
    return drawn


def _scale(axis: Any, values: Sequence[float | None], format_value: Callable[[float], str]) -> None:
    """The axis begins at zero, so that lengths can be compared."""
    largest = max((float(value) for value in values if value is not None), default=0.0)
    axis.valueMin, axis.valueMax = 0, largest * 1.05 or 1
    axis.labelTextFormat = lambda value: _plain(format_value(value))


def _cell(cell: PdfCell, style: ParagraphStyle) -> Paragraph:
    text = _markup(cell.text)
    if cell.before is not None:
        text += f'<br/><font color="{_QUIET.hexval()}">{_markup(cell.before)}</font>'
    return Paragraph(text, style)


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    return Paragraph(_markup(text), style)


def _markup(text: str) -> str:
    """Text as the library's markup: what looks like a tag stays text."""
    return escape(_plain(text))


def _plain(text: str) -> str:
    """Text in the characters of the standard fonts (Windows-1252)."""
    return text.encode("cp1252", "replace").decode("cp1252")


def _shorten(label: str) -> str:
    return _plain(label if len(label) <= 24 else f"{label[:23]}…")
