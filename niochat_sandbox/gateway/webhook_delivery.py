"""Delivery of webhooks: in order within a chat, chats in parallel, at most 64 connections."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import httpx
from httpx_aiohttp import HttpxAiohttpClient

from niochat_sandbox.fault_injection.fault_rules import (
    FaultKind,
    FaultRule,
    FaultRuleSet,
    FaultTarget,
)
from niochat_sandbox.gateway.gateway_instances import PhoneMessage, SimulatedInstance

MAX_CONNECTIONS = 64
TIMEOUT_S = 10.0

_log = logging.getLogger(__name__)
_JSON_HEADERS = {"content-type": "application/json"}


@dataclass(slots=True)
class WebhookDeliverySettings:
    """How the gateway delivers webhooks. ``repeat``: the number of attempts; 1: no retry."""

    repeat: int = 3
    repeat_delay_s: float = 0.5
    copies: int = 1
    echo: bool = True
    acks: bool = True
    acks_first: bool = False


@dataclass(slots=True)
class WebhookDelivery:
    """A webhook to deliver. Deliveries of one ``lane`` arrive in the order in which they were
    posted.
    """

    instance: SimulatedInstance
    event: str
    lane: str
    body: bytes
    messageid: str = ""
    phone_message: PhoneMessage | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)


class DeliveryResult(NamedTuple):
    """The result of a post: the HTTP status (0: no response) and the error to record."""

    status: int
    error: str = ""

    @property
    def accepted(self) -> bool:
        return 200 <= self.status < 300


class WebhookDispatcher:
    """Owns the HTTP client and all pending deliveries."""

    def __init__(self, rules: FaultRuleSet, settings: WebhookDeliverySettings) -> None:
        self._rules = rules
        self._settings = settings
        self._slots = asyncio.Semaphore(MAX_CONNECTIONS)
        self._queues: dict[tuple[str, str], deque[WebhookDelivery]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient | None = None

    def open(self) -> None:
        """Create the client; must be called in the event loop that delivers."""
        limits = httpx.Limits(
            max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS
        )
        self._client = HttpxAiohttpClient(timeout=TIMEOUT_S, limits=limits, trust_env=False)

    async def close(self) -> None:
        """Cancel pending deliveries and close the client."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    @property
    def pending_count(self) -> int:
        """The number of deliveries that are neither accepted nor given up."""
        return sum(len(queue) for queue in self._queues.values())

    def post(self, delivery: WebhookDelivery) -> None:
        """Queue a delivery in its lane, if the instance's webhook subscribes to the event."""
        if not delivery.instance.webhook.is_subscribed(delivery.event):
            delivery.done.set()
            return
        key = (delivery.instance.token, delivery.lane)
        queue = self._queues.get(key)
        if queue is not None:
            queue.append(delivery)
            return
        self._queues[key] = deque([delivery])
        self._start_task(self._deliver_lane(key))

    async def post_raw(self, instance: SimulatedInstance, body: bytes) -> int:
        """Post a body once, outside of the lanes; return the status, 0 without a response."""
        return (await self._post_once(instance.webhook.url, body)).status

    def _start_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._on_task_done)

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("webhook_lane_failed", exc_info=error)

    async def _deliver_lane(self, key: tuple[str, str]) -> None:
        queue = self._queues[key]
        try:
            while queue:
                await self._deliver(queue[0])
                queue.popleft().done.set()
        finally:
            del self._queues[key]

    async def _deliver(self, delivery: WebhookDelivery) -> None:
        attempt = 0
        settings = self._settings_for(delivery)
        while True:
            attempt += 1
            result = await self._attempt(delivery)
            if result.accepted:
                return
            _record_error(delivery, result, attempt)
            if attempt >= settings.repeat:
                return
            await asyncio.sleep(settings.repeat_delay_s)

    def _settings_for(self, delivery: WebhookDelivery) -> WebhookDeliverySettings:
        return delivery.instance.delivery or self._settings

    async def _attempt(self, delivery: WebhookDelivery) -> DeliveryResult:
        fault = self._rules.consume_match(
            FaultTarget.WEBHOOK, delivery.event, delivery.instance.token
        )
        if fault is not None and fault.kind in (FaultKind.DELAY, FaultKind.HANG):
            await asyncio.sleep(fault.seconds)
        if fault is not None and fault.kind is FaultKind.HOLD:
            await self._rules.wait_until_removed(fault)
        if fault is not None and fault.kind in (FaultKind.HANG, FaultKind.DROP, FaultKind.STATUS):
            return _failed_result(fault)
        result = await self._post_copies(delivery)
        if fault is not None and fault.kind not in (FaultKind.DELAY, FaultKind.HOLD):
            return DeliveryResult(0, "sandbox: the answer was lost")
        return result

    async def _post_copies(self, delivery: WebhookDelivery) -> DeliveryResult:
        url = _webhook_url(delivery)
        copies = (
            self._post_once(url, delivery.body) for _ in range(self._settings_for(delivery).copies)
        )
        results = await asyncio.gather(*copies)
        best = next((result for result in results if result.accepted), results[0])
        if delivery.phone_message is not None:
            delivery.phone_message.attempts += 1
            delivery.phone_message.answered |= best.accepted
        return best

    async def _post_once(self, url: str, body: bytes) -> DeliveryResult:
        assert self._client is not None, "open() was not called"
        try:
            async with self._slots:
                response = await self._client.post(url, content=body, headers=_JSON_HEADERS)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return DeliveryResult(0, f"{type(error).__name__}: {error}")
        return DeliveryResult(
            response.status_code, "" if response.is_success else response.text[:200]
        )


def _failed_result(fault: FaultRule) -> DeliveryResult:
    status = fault.status if fault.kind is FaultKind.STATUS and fault.status >= 300 else 0
    return DeliveryResult(status, f"sandbox: {fault.kind}")


def _webhook_url(delivery: WebhookDelivery) -> str:
    webhook = delivery.instance.webhook
    return f"{webhook.url}/{delivery.event}" if webhook.add_url_events else webhook.url


def _record_error(delivery: WebhookDelivery, result: DeliveryResult, attempt: int) -> None:
    delivery.instance.errors.append(
        {
            "url": delivery.instance.webhook.url,
            "event": delivery.event,
            "messageid": delivery.messageid,
            "status": result.status,
            "error": result.error,
            "attempt": attempt,
            "at": time.time(),
        }
    )
