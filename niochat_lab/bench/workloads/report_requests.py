"""The requests of the dashboard and of the pages of reports, and how long each takes."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from niochat.domain.errors import UnavailableError
from niochat_lab.bench.measurement.quantiles import quantile

PERIODS = (7, 30, 365)
"""Days of the periods, each compared with the one before it."""
_OVERVIEW = (
    "conversations,resolved,assistant_share,first_answer_time,first_human_answer_time,"
    "resolution_time,reopened,rating,solved_by_assistant,with_people"
)
_DURATIONS = "first_answer_p50,first_answer_p90,resolution_p50,resolution_p90"
_REPORTS: Mapping[str, tuple[str, str]] = {
    "overview": ("none", _OVERVIEW),
    "conversations": (
        "day",
        "conversations,resolved,solved_by_assistant,with_people,reopened,first_answer_time,"
        "first_human_answer_time,next_answer_time,resolution_time,messages_customer,"
        "messages_agent,messages_assistant,messages_failed,opened_outside_hours",
    ),
    "agents": (
        "agent",
        "conversations,resolved_by_agents,answers,first_human_answer_time,answer_time,agent_time,"
        "transfers,offline_returns,rating,ratings,online_time,away_time",
    ),
    "teams": (
        "team",
        "conversations,resolved,handoffs,waiting_time,first_human_answer_time,agent_time,"
        "resolution_time,rating",
    ),
    "channels": (
        "channel",
        "conversations,resolved,assistant_share,first_answer_time,resolution_time,"
        "messages_failed,rating,channel_uptime",
    ),
    "labels": (
        "label",
        "conversations,resolved,people_share,first_human_answer_time,resolution_time,rating",
    ),
    "handoff reasons": (
        "handoff_reason",
        "conversations,waiting_time,first_human_answer_time,agent_time,resolution_time,rating",
    ),
    "contact reasons": (
        "contact_reason",
        "conversations,resolved,assistant_share,people_share,resolution_time,rating",
    ),
    "deliveries": (
        "channel",
        "messages_sent,messages_delivered,delivery_rate,read_rate,delivery_failures,"
        "delivery_failure_rate,send_time,delivery_time",
    ),
    "assistant against people": (
        "served_by",
        "conversations,resolved,first_answer_time,resolution_time,reopened,rating,ratings",
    ),
    "assistant": (
        "none",
        "solved_by_assistant,assistant_share,turns,turn_failure_rate,tool_calls,tokens,cost,"
        "cost_per_conversation,cost_per_solved",
    ),
    "assistant outcomes": (
        "none",
        "assistant_confirmed,assistant_assumed,assistant_durable,assistant_returned",
    ),
    "heat map": ("weekday_hour", "conversations"),
    "quantiles": ("none", _DURATIONS),
    "quantiles by team": ("team", _DURATIONS),
}
"""By page: the grouping and the metrics that it asks for."""


@dataclass(slots=True)
class TimedRequest:
    """A request and the milliseconds of its responses."""

    name: str
    path: str
    params: Mapping[str, str]
    latencies_ms: list[float] = field(default_factory=list)
    rows: int = 0
    failed: int = 0
    """Responses that were no report, such as those of a database that took too long."""

    def as_dict(self) -> dict[str, Any]:
        """The measurement as JSON."""
        return {
            "request": self.name,
            "times": len(self.latencies_ms),
            "p50_ms": round(quantile(self.latencies_ms, 0.5), 1),
            "p95_ms": round(quantile(self.latencies_ms, 0.95), 1),
            "rows": self.rows,
            "failed": self.failed,
        }


def list_requests() -> list[TimedRequest]:
    """List all cards (one request), all reports of each period, and a drill-down."""
    return [TimedRequest("cards", "/reports/now", {}), *_reports(), *_filtered()]


def _period(days: int) -> dict[str, str]:
    today = datetime.now(UTC).date()
    return {"from": str(today - timedelta(days=days - 1)), "to": str(today)}


def _reports() -> Iterator[TimedRequest]:
    for days in PERIODS:
        for name, (group_by, metrics) in _REPORTS.items():
            params = {"metric": metrics, "group_by": group_by, "compare": "previous"}
            yield TimedRequest(f"{name}, {days} days", "/reports/query", params | _period(days))


def _filtered() -> Iterator[TimedRequest]:
    period = _period(30)
    query = {"metric": _OVERVIEW, "compare": "previous"} | period
    filters = {"team": "suporte", "label": "sem internet"}
    yield TimedRequest("overview with two filters, 30 days", "/reports/query", query | filters)
    behind = {"metric": "conversations"} | period
    yield TimedRequest("conversations behind, 30 days", "/reports/conversations", behind)


class ReportClient:
    """Asks for reports one after another, as one person does."""

    def __init__(self, url: str, cookie: str) -> None:
        self._http = httpx.AsyncClient(
            base_url=f"{url}/api/v1", headers={"Cookie": cookie}, timeout=60, trust_env=False
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def ask(self, request: TimedRequest) -> None:
        """Ask once, and record the time, also of a failure. Raises ``UnavailableError`` if the
        request itself is wrong.
        """
        began = time.perf_counter()
        response = await self._http.get(request.path, params=request.params)
        request.latencies_ms.append((time.perf_counter() - began) * 1000)
        if response.is_server_error:
            request.failed += 1
            return
        if response.status_code != 200:
            raise UnavailableError(
                f"{request.name}: {response.status_code} {response.text[:300]}", code="report"
            )
        document = response.json()
        request.rows = len(document.get("rows", document.get("items", [])))
