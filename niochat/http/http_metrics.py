"""Prometheus metrics of the webhook endpoint: counted in memory and reported every few seconds."""

from collections import Counter
from typing import Protocol

from ray.util import metrics
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from niochat.runtime.periodic_loop import run_periodically

REPORT_INTERVAL_S = 5.0


class ResponseCounter:
    """Counts responses by class (``2xx``), and ignored webhooks by reason."""

    def __init__(self) -> None:
        self._classes: Counter[str] = Counter()
        self._ignored: Counter[str] = Counter()

    def count_response(self, status: int) -> None:
        """Count a response."""
        self._classes[f"{status // 100}xx"] += 1

    def count_ignored(self, reason: str) -> None:
        """Count a webhook that was answered but not stored."""
        self._ignored[reason] += 1

    def take_counts(self) -> tuple[Counter[str], Counter[str]]:
        """Return (responses by class, ignored webhooks by reason) since the last call."""
        taken = self._classes, self._ignored
        self._classes, self._ignored = Counter(), Counter()
        return taken


class ResponseCounterMiddleware:
    """Counts the responses of an application. It starts no tasks and copies nothing."""

    def __init__(self, app: ASGIApp, counter: ResponseCounter) -> None:
        self._app = app
        self._counter = counter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        started = False

        async def send_counted(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._counter.count_response(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, send_counted)
        except Exception:
            # Starlette answers 500 outside of all middleware.
            if not started:
                self._counter.count_response(500)
            raise


class HttpMetricsReporter(Protocol):
    """Reports metrics each time it is called."""

    async def report(self) -> None:
        """Report once."""
        ...


class WebhookMetrics:
    """Reports the counts of the webhook endpoint to Ray."""

    def __init__(self, counter: ResponseCounter) -> None:
        self._counter = counter
        self._answered = metrics.Counter(
            "niochat_webhooks_answered", "Webhooks answered, by class of code", ("code",)
        )
        self._ignored = metrics.Counter(
            "niochat_webhooks_ignored", "Webhooks answered 200 without storing", ("reason",)
        )

    async def report(self) -> None:
        """Report the counts since the last report."""
        classes, reasons = self._counter.take_counts()
        for name, count in classes.items():
            self._answered.inc(count, tags={"code": name})
        for reason, count in reasons.items():
            self._ignored.inc(count, tags={"reason": reason})


async def run_metrics_reporter(reporter: HttpMetricsReporter) -> None:
    """Report every few seconds, until cancelled."""
    await run_periodically("metrics_report_failed", REPORT_INTERVAL_S, reporter.report)
