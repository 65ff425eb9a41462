"""Numbers of sent messages, for ``ReportStore``. They are counted where they were put into the
outbox, not where their conversation was opened.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.insights.reports.period_parts import PeriodPart
from niochat.insights.reports.report_request import ReportAudience

_SQL = queries("delivery_reports")

RowParameters = tuple[Any, ...]
"""The first eight parameters of the reports' queries on rows."""


async def load_delivery_sums(
    connection: Connection, parameters: RowParameters, generation: int, parts: Sequence[PeriodPart]
) -> list[Any]:
    """Returns sums by key, several of a key perhaps. ``parts`` are those of the period."""
    _, measures, _, since, until, filters, *_ = parameters
    if filters["scope"] != "all" or filters.keys() & {"team", "agent", "label"}:
        parts = [PeriodPart(None, since, until)]
    rows: list[Any] = []
    for part in parts:
        place = _place(parameters, generation, part.since, part.until)
        if part.grain is None:
            rows += await connection.fetch(_SQL["sums_of_rows"], *place, filters, measures)
        else:
            rows += await connection.fetch(_SQL["sums_of_rollups"], *place, part.grain)
    return rows


def delivery_parameters(
    parameters: RowParameters,
    generation: int,
    key: str | None,
    column: str,
    visible: ReportAudience,
) -> RowParameters:
    """The parameters of the queries on conversations with such messages: ``column`` counts."""
    _, measures, _, since, until, filters, *_ = parameters
    viewer = (visible.scope, visible.user, list(visible.teams))
    return (
        *_place(parameters, generation, since, until),
        *(filters, measures, column, key),
        *viewer,
    )


def _place(
    parameters: RowParameters, generation: int, since: datetime, until: datetime
) -> RowParameters:
    """The first seven parameters of the queries on messages."""
    tenant_id, _, _, _, _, filters, grouping, zone = parameters
    channel = filters.get("channel")
    return (
        *(tenant_id, generation, since, until, grouping, zone),
        None if channel is None else UUID(channel),
    )
