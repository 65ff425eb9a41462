"""Delivery of webhooks: one line per chat, chats in parallel, at most 64 connections."""

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
    """How the gateway delivers; `repeat` counts the attempts, 1 = never repeats."""

    repeat: int = 3
    repeat_delay_s: float = 0.5
    copies: int = 1
    echo: bool = True
    acks: bool = True
    acks_first: bool = False


@dataclass(slots=True)
class WebhookDelivery:
    """A webhook on its way; letters of one `line` arrive in the order they were posted."""

    instance: SimulatedInstance
    event: str
    lane: str
    body: bytes
    messageid: str = ""
    exchange: PhoneMessage | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)


class DeliveryResult(NamedTuple):
    """What came of a post: an HTTP status (0 = none) and what to record."""

    status: int
    error: str = ""

    @property
    def accepted(self) -> bool:
        return 200 <= self.status < 300


class WebhookDispatcher:
    """Owns the webhook client and every delivery that is under way."""

    def __init__(self, book: FaultRuleSet, settings: WebhookDeliverySettings) -> None:
        self._book = book
        self._settings = settings
        self._slots = asyncio.Semaphore(MAX_CONNECTIONS)
        self._lines: dict[tuple[str, str], deque[WebhookDelivery]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient | None = None

    def open(self) -> None:
        """Must be called inside the loop that will deliver."""
        limits = httpx.Limits(
            max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS
        )
        self._client = HttpxAiohttpClient(timeout=TIMEOUT_S, limits=limits, trust_env=False)

    async def close(self) -> None:
        """Gives up what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    @property
    def pending_count(self) -> int:
        """Letters neither answered nor given up."""
        return sum(len(line) for line in self._lines.values())

    def post(self, letter: WebhookDelivery) -> None:
        """Queues a letter behind the others of its line, if the webhook wants the event."""
        if not letter.instance.webhook.is_subscribed(letter.event):
            letter.done.set()
            return
        key = (letter.instance.token, letter.lane)
        line = self._lines.get(key)
        if line is not None:
            line.append(letter)
            return
        self._lines[key] = deque([letter])
        self._start_task(self._deliver_lane(key))

    async def post_raw(self, instance: SimulatedInstance, body: bytes) -> int:
        """Posts any body once, outside the lines; the status, 0 when there was no answer."""
        return (await self._post_once(instance.webhook.url, body)).status

    def _start_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._on_task_done)

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("webhook_line_failed", exc_info=error)

    async def _deliver_lane(self, key: tuple[str, str]) -> None:
        line = self._lines[key]
        try:
            while line:
                await self._deliver(line[0])
                line.popleft().done.set()
        finally:
            del self._lines[key]

    async def _deliver(self, letter: WebhookDelivery) -> None:
        attempt = 0
        settings = self._settings_for(letter)
        while True:
            attempt += 1
            outcome = await self._attempt(letter)
            if outcome.accepted:
                return
            _record_error(letter, outcome, attempt)
            if attempt >= settings.repeat:
                return
            await asyncio.sleep(settings.repeat_delay_s)

    def _settings_for(self, letter: WebhookDelivery) -> WebhookDeliverySettings:
        return letter.instance.delivery or self._settings

    async def _attempt(self, letter: WebhookDelivery) -> DeliveryResult:
        fault = self._book.consume_match(FaultTarget.WEBHOOK, letter.event, letter.instance.token)
        if fault is not None and fault.kind in (FaultKind.DELAY, FaultKind.HANG):
            await asyncio.sleep(fault.seconds)
        if fault is not None and fault.kind is FaultKind.HOLD:
            await self._book.wait_until_removed(fault)
        if fault is not None and fault.kind in (FaultKind.HANG, FaultKind.DROP, FaultKind.STATUS):
            return _failed_result(fault)
        outcome = await self._post_copies(letter)
        if fault is not None and fault.kind not in (FaultKind.DELAY, FaultKind.HOLD):
            return DeliveryResult(0, "sandbox: the answer was lost")
        return outcome

    async def _post_copies(self, letter: WebhookDelivery) -> DeliveryResult:
        url = _webhook_url(letter)
        copies = (
            self._post_once(url, letter.body) for _ in range(self._settings_for(letter).copies)
        )
        outcomes = await asyncio.gather(*copies)
        best = next((outcome for outcome in outcomes if outcome.accepted), outcomes[0])
        if letter.exchange is not None:
            letter.exchange.attempts += 1
            letter.exchange.answered |= best.accepted
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


def _webhook_url(letter: WebhookDelivery) -> str:
    webhook = letter.instance.webhook
    return f"{webhook.url}/{letter.event}" if webhook.add_url_events else webhook.url


def _record_error(letter: WebhookDelivery, outcome: DeliveryResult, attempt: int) -> None:
    letter.instance.errors.append(
        {
            "url": letter.instance.webhook.url,
            "event": letter.event,
            "messageid": letter.messageid,
            "status": outcome.status,
            "error": outcome.error,
            "attempt": attempt,
            "at": time.time(),
        }
    )
