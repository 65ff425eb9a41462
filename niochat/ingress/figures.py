"""What Prometheus reads of the doors and of the whole cluster: sampled, never sent per request.

The figures of the cluster come from the database and are told by every replica of ``api``, so a
rule takes their maximum: they outlive any host.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any, Protocol

import structlog
from ray.util import metrics
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.domain.errors import NiochatError

_SQL = queries("operators")
_log = structlog.get_logger(__name__)

EVERY_S = 5.0
COUNTED_UP_TO = 100_000
"""Rows; a backlog above it reads as this number."""
CLUSTER = {
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


class Answers:
    """Counts answers by their class (``2xx``) and what was ignored by its reason."""

    def __init__(self) -> None:
        self._codes: Counter[str] = Counter()
        self._ignored: Counter[str] = Counter()

    def answered(self, status: int) -> None:
        """One answer left."""
        self._codes[f"{status // 100}xx"] += 1

    def ignored(self, reason: str) -> None:
        """One webhook was answered without storing."""
        self._ignored[reason] += 1

    def take(self) -> tuple[Counter[str], Counter[str]]:
        """(by class, by reason) since the last call."""
        taken = self._codes, self._ignored
        self._codes, self._ignored = Counter(), Counter()
        return taken


class CountAnswers:
    """Middleware without a task or a copy of anything."""

    def __init__(self, app: ASGIApp, answers: Answers) -> None:
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
                self._answers.answered(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, counting)
        except Exception:
            # Starlette answers 500 outside of every middleware.
            if not answered:
                self._answers.answered(500)
            raise


class Reported(Protocol):
    """Something that is reported again and again."""

    async def report(self) -> None:
        """Once."""
        ...


class DoorFigures:
    """Hands the counts of a door to Ray."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._answered = metrics.Counter(
            "niochat_webhooks_answered", "Webhooks answered, by class of code", ("code",)
        )
        self._ignored = metrics.Counter(
            "niochat_webhooks_ignored", "Webhooks answered 200 without storing", ("reason",)
        )

    async def report(self) -> None:
        """What was counted since the last time."""
        codes, reasons = self._answers.take()
        for code, count in codes.items():
            self._answered.inc(count, tags={"code": code})
        for reason, count in reasons.items():
            self._ignored.inc(count, tags={"reason": reason})


class ClusterFigures:
    """Reads the database and hands its figures to Ray."""

    def __init__(self, database: Database, hosts: int) -> None:
        self._database = database
        self._hosts = hosts
        self._gauges = {
            name: metrics.Gauge(f"niochat_{name}", meaning) for name, meaning in CLUSTER.items()
        }

    async def report(self) -> None:
        """Only what is known is told: a gauge that is not told again vanishes by itself."""
        try:
            figures = await read_figures(self._database, self._hosts)
        except NiochatError:
            figures = {"database_up": 0}
        for name, value in figures.items():
            self._gauges[name].set(value)


async def read_figures(database: Database, hosts: int) -> Mapping[str, float]:
    """Every figure of ``CLUSTER``. Raises ``UnavailableError``."""
    async with database.path() as connection:
        row: Any = await connection.fetchrow(_SQL["figures"], COUNTED_UP_TO)
    return {**dict(row), "hosts_wanted": hosts, "database_up": 1}


async def report_for_ever(reported: Reported) -> None:
    """Until it is cancelled; a failed round is logged and the next one tried."""
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            await reported.report()
        except Exception as error:  # noqa: BLE001 - measuring must outlive any error
            _log.warning("metrics_put_off", error=repr(error))
