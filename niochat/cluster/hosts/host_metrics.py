"""What Prometheus reads of a host, through Ray's node agent. Few labels, and none of them grows.

Nothing is sent where something happens: the host counts in plain numbers, and every few seconds
what was counted goes to Ray in one go. Ray names it ``ray_niochat_…``, counters end in ``_total``.
"""

from typing import Any, Protocol

from ray.util.metrics import Counter, Gauge

from niochat.cluster.hosts.host_inspection import HostInfoRequest, OperatorRequest
from niochat.runtime.periodic_loop import run_periodically
from niochat.runtime.process.counter_buffer import CounterBuffer

REPORT_INTERVAL_S = 5.0

COUNTERS = {
    "steps": ("verdict", "Steps of conversations, by done, lost (a conflict) or failed"),
    "turns": ("outcome", "Turns of the assistant that ended, by outcome"),
    "texts_refused": ("code", "Texts of the model that the assistant did not let leave"),
    "rounds_ended": (
        "reason",
        "Conversations that the assistant let go of because they went round",
    ),
    "sends": ("result", "What became of sends: a row may be settled more than once"),
    "turn_waits": ("", "Times that a turn was told to wait for its place"),
    "turn_wait_seconds": ("", "Seconds that turns were told to wait"),
}
"""Name: (label besides the host, meaning)."""
GAUGES = {
    "shards": "Shards that the host owns",
    "turns_running": "Turns in progress",
    "sends_running": "Sends in progress",
    "mailbox_depth": "Messages and wake-ups that wait for a step",
    "loop_lag_ms": "How late the event loop is: a maximum that halves every five seconds",
    "tenants_held_back": "Tenants that the host makes wait",
}
_STAT_KEYS = {
    "shards": "shards",
    "turns_running": "turns",
    "sends_running": "sends",
    "mailbox_depth": "mailbox_depth",
    "loop_lag_ms": "lag_ms",
}
"""Figures of ``HostCore.stats`` by the name of their gauge."""


class MeasuredHost(Protocol):
    """A host."""

    name: str
    counters: CounterBuffer

    async def operate(self, request: OperatorRequest) -> Any:
        """Its figures."""
        ...


class HostMetricsReporter:
    """Reports one host."""

    def __init__(self, host: MeasuredHost) -> None:
        self._host = host
        self._counters = {
            name: Counter(f"niochat_{name}", meaning, ("host", label) if label else ("host",))
            for name, (label, meaning) in COUNTERS.items()
        }
        self._gauges = {
            name: Gauge(f"niochat_{name}", meaning, ("host",)) for name, meaning in GAUGES.items()
        }
        self._actors = Gauge("niochat_actors", "Virtual actors in memory", ("host", "kind"))
        self._kinds: set[str] = set()

    async def run(self) -> None:
        """Report every few seconds, until cancelled."""
        await run_periodically(
            "metrics_report_failed", REPORT_INTERVAL_S, self._report, host=self._host.name
        )

    async def _report(self) -> None:
        self._report_counters()
        self._report_gauges(await self._host.operate(HostInfoRequest()))

    def _report_counters(self) -> None:
        for (name, value), count in self._host.counters.drain().items():
            label = COUNTERS[name][0]
            tags = {"host": self._host.name, **({label: value} if label else {})}
            self._counters[name].inc(count, tags=tags)

    def _report_gauges(self, figures: dict[str, Any]) -> None:
        tags = {"host": self._host.name}
        for name, figure in _STAT_KEYS.items():
            self._gauges[name].set(figures[figure], tags=tags)
        self._gauges["tenants_held_back"].set(len(figures.get("held_back", ())), tags=tags)
        by_kind = figures["by_kind"]
        self._kinds |= by_kind.keys()
        for kind in self._kinds:
            self._actors.set(by_kind.get(kind, 0), tags={**tags, "kind": kind})
