"""What Prometheus reads of the doors and of the whole cluster: sampled, never sent per request.

The figures of the cluster come from the database and are told by every replica of ``api``, so a
rule takes their maximum: they outlive any host.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Protocol

from ray.util import metrics
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import NiochatError
from niochat.runtime.periodic_loop import run_periodically

_SQL = queries("operators")

REPORT_INTERVAL_S = 5.0
MAX_COUNTED_ROWS = 100_000
"""Rows; a backlog above it reads as this number."""
CLUSTER_GAUGES = {
    "inbox_pending": "Rows that wait to be processed",
    "inbox_oldest_seconds": "Age of the oldest of them",
    "sends_queued": "Messages that wait to leave",
    "sends_uncertain": "Messages that may or may not have left",
    "channels_held": "Channels whose gateway turned us away: nothing of theirs leaves",
    "hosts_alive": "Hosts that say that they live",
    "hosts_wanted": "Hosts that there should be",
    "shards_orphaned": "Shards without a living host",
    "actors_paused": "Conversations that an operator paused",
    "database_up": "1 while PostgreSQL answers this replica",
}


class ResponseCounter:
    """Counts answers by their class (``2xx``) and what was ignored by its reason."""

    def __init__(self) -> None:
        self._codes: Counter[str] = Counter()
        self._ignored: Counter[str] = Counter()

    def count_response(self, status: int) -> None:
        """One answer left."""
        self._codes[f"{status // 100}xx"] += 1

    def count_ignored(self, reason: str) -> None:
        """One webhook was answered without storing."""
        self._ignored[reason] += 1

    def take_counts(self) -> tuple[Counter[str], Counter[str]]:
        """(by class, by reason) since the last call."""
        taken = self._codes, self._ignored
        self._codes, self._ignored = Counter(), Counter()
        return taken


class ResponseCounterMiddleware:
    """Middleware without a task or a copy of anything."""

    def __init__(self, app: ASGIApp, answers: ResponseCounter) -> None:
        self._app = app
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        answered = False

        async def counting(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                self._answers.count_response(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, counting)
        except Exception:
            # Starlette answers 500 outside of every middleware.
            if not answered:
                self._answers.count_response(500)
            raise


class MetricsReporter(Protocol):
    """Something that is reported again and again."""

    async def report(self) -> None:
        """Once."""
        ...


class WebhookMetrics:
    """Hands the counts of a door to Ray."""

    def __init__(self, answers: ResponseCounter) -> None:
        self._answers = answers
        self._answered = metrics.Counter(
            "niochat_webhooks_answered", "Webhooks answered, by class of code", ("code",)
        )
        self._ignored = metrics.Counter(
            "niochat_webhooks_ignored", "Webhooks answered 200 without storing", ("reason",)
        )

    async def report(self) -> None:
        """What was counted since the last time."""
        codes, reasons = self._answers.take_counts()
        for code, count in codes.items():
            self._answered.inc(count, tags={"code": code})
        for reason, count in reasons.items():
            self._ignored.inc(count, tags={"reason": reason})


class ClusterMetrics:
    """Reads the database and hands its figures to Ray."""

    def __init__(self, database: Database, hosts: int) -> None:
        self._database = database
        self._hosts = hosts
        self._gauges = {
            name: metrics.Gauge(f"niochat_{name}", meaning)
            for name, meaning in CLUSTER_GAUGES.items()
        }

    async def report(self) -> None:
        """Only what is known is told: a gauge that is not told again vanishes by itself."""
        try:
            figures = await read_cluster_metrics(self._database, self._hosts)
        except NiochatError:
            figures = {"database_up": 0}
        for name, value in figures.items():
            self._gauges[name].set(value)


async def read_cluster_metrics(database: Database, hosts: int) -> Mapping[str, float]:
    """Every figure of ``CLUSTER``. Raises ``UnavailableError``."""
    async with database.as_system() as connection:
        row: Any = await connection.fetchrow(_SQL["figures"], MAX_COUNTED_ROWS)
    return {**dict(row), "hosts_wanted": hosts, "database_up": 1}


async def run_metrics_reporter(reported: MetricsReporter) -> None:
    """Report every few seconds, until cancelled."""
    await run_periodically("metrics_report_failed", REPORT_INTERVAL_S, reported.report)
