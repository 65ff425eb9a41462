"""Prometheus metrics of a host, exported through Ray's node agent, with few labels of few values.

The host counts in a plain in-memory buffer. A reporter flushes the buffer to Ray every few
seconds, so that no step pays for a metric call. Ray exports the names as ``ray_niochat_…`` and
appends ``_total`` to counters.
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
    "texts_refused": ("code", "Model texts that the guardrail rejected"),
    "rounds_ended": (
        "reason",
        "Conversations handed to people because of a detected loop",
    ),
    "sends": ("result", "Outcomes of sends; a row may be settled more than once"),
    "turn_waits": ("", "Times that a turn had to wait for a slot"),
    "turn_wait_seconds": ("", "Seconds that turns had to wait for a slot"),
}
"""Metric name: (label besides ``host``, description)."""
GAUGES = {
    "shards": "Shards that the host owns",
    "turns_running": "Turns in progress",
    "sends_running": "Sends in progress",
    "mailbox_depth": "Actors that wait for a step",
    "loop_lag_ms": "How late the event loop is: a maximum that halves every five seconds",
    "tenants_held_back": "Tenants that the host throttles",
}
_STAT_KEYS = {
    "shards": "shards",
    "turns_running": "turns",
    "sends_running": "sends",
    "mailbox_depth": "mailbox_depth",
    "loop_lag_ms": "lag_ms",
}
"""Keys of ``HostProcess.stats`` by the name of their gauge."""


class MeasuredHost(Protocol):
    """What the reporter reads of a host."""

    name: str
    counters: CounterBuffer

    async def operate(self, request: OperatorRequest) -> Any:
        """Answer a ``HostInfoRequest`` with the host's statistics."""
        ...


class HostMetricsReporter:
    """Reports the metrics of one host. A failed report is logged and the next one tried."""

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
