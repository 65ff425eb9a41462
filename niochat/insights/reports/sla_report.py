"""Numbers of promises of SLA policies, for ``ReportStore``.

A promise belongs to who had the conversation when it was breached, or when it was kept: team,
agent and labels of a promise are not those of the conversation now.
"""

from typing import Any

from niochat.adapters.postgres.database import Connection
from niochat.adapters.postgres.queries import queries
from niochat.insights.reports.metric_catalog import ReportGrouping
from niochat.insights.reports.report_request import ReportAudience

_SQL = queries("sla_reports")

RowParameters = tuple[Any, ...]
"""The first eight parameters of the queries on rows."""


async def load_sla_sums(connection: Connection, parameters: RowParameters) -> list[Any]:
    """Returns kept, breached and decided promises by key."""
    rows: list[Any] = await connection.fetch(_SQL["sums"], *_by_promise(parameters))
    return rows


def promise_parameters(
    parameters: RowParameters, key: str | None, outcome: str, visible: ReportAudience
) -> RowParameters:
    """The parameters of the queries on conversations with such promises. ``outcome`` is met or
    breached.
    """
    viewer = (visible.scope, visible.user, list(visible.teams))
    return (*_by_promise(parameters), key, outcome, *viewer)


def _by_promise(parameters: RowParameters) -> RowParameters:
    """Moves the filters that are about the promise out of those about the conversation."""
    tenant_id, generation, _, since, until, filters, grouping, zone = parameters
    filters = dict(filters)
    own = tuple(filters.pop(name, None) for name in ("team", "agent", "label"))
    dimension = "channel" if grouping == ReportGrouping.CHANNEL else "none"
    return (tenant_id, generation, dimension, since, until, filters, grouping, zone, *own)
