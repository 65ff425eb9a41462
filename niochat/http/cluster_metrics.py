"""Prometheus metrics of the whole cluster, sampled from the database.

Every replica of the API reports them, so alert rules use the maximum: the metrics outlive any host.
"""

from collections.abc import Mapping
from typing import Any

from ray.util import metrics

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import NiochatError

_SQL = queries("operators")

MAX_COUNTED_ROWS = 100_000
"""A larger backlog is reported as this number."""
CLUSTER_GAUGES = {
    "inbox_pending": "Unprocessed rows of the inbox",
    "inbox_oldest_seconds": "Age of the oldest unprocessed row",
    "sends_queued": "Messages that wait to be sent",
    "sends_uncertain": "Messages that may or may not have been sent",
    "channels_held": "Channels whose gateway rejected us: sending is paused",
    "hosts_alive": "Hosts that report",
    "hosts_wanted": "Hosts that should be running",
    "shards_orphaned": "Shards without a live host",
    "actors_paused": "Conversations that an operator paused",
    "projection_lag_seconds": "Age of the oldest event that a projection has not read",
    "projections_stopped": "Projections of a tenant that stopped before an event",
    "mirror_lag_seconds": "Age of the oldest change that a Supabase project does not have",
    "mirrors_failing": "Tenants whose Supabase project does not take rows",
    "mirror_rows_refused": "Rows that Supabase projects refuse",
    "database_up": "1 while PostgreSQL answers this replica",
}


class ClusterMetrics:
    """Reads the metrics from the database and reports them to Ray."""

    def __init__(self, database: Database, hosts: int) -> None:
        self._database = database
        self._hosts = hosts
        self._gauges = {
            name: metrics.Gauge(f"niochat_{name}", meaning)
            for name, meaning in CLUSTER_GAUGES.items()
        }

    async def report(self) -> None:
        """Report what is known. Ray drops a gauge that is not reported again."""
        try:
            values = await read_cluster_metrics(self._database, self._hosts)
        except NiochatError:
            values = {"database_up": 0}
        for name, value in values.items():
            self._gauges[name].set(value)


async def read_cluster_metrics(database: Database, hosts: int) -> Mapping[str, float]:
    """Return the value of every gauge in ``CLUSTER_GAUGES``. Raises ``UnavailableError``."""
    async with database.as_system() as connection:
        row: Any = await connection.fetchrow(_SQL["figures"], MAX_COUNTED_ROWS)
    return {**dict(row), "hosts_wanted": hosts, "database_up": 1}
