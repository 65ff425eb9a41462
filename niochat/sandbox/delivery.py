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

from niochat.sandbox.faults import Fault, FaultBook, Kind, Target
from niochat.sandbox.instances import Exchange, Instance

CONNECTIONS = 64
TIMEOUT_S = 10.0

_log = logging.getLogger(__name__)
_JSON_HEADERS = {"content-type": "application/json"}


@dataclass(slots=True)
class DeliverySettings:
    """How the gateway delivers; `repeat` counts the attempts, 1 = never repeats."""

    repeat: int = 3
    repeat_delay_s: float = 0.5
    copies: int = 1
    echo: bool = True
    acks: bool = True
    acks_first: bool = False


@dataclass(slots=True)
class Letter:
    """A webhook on its way; letters of one `line` arrive in the order they were posted."""

    instance: Instance
    event: str
    line: str
    body: bytes
    messageid: str = ""
    exchange: Exchange | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)


class Outcome(NamedTuple):
    """What came of a post: an HTTP status (0 = none) and what to record."""

    status: int
    error: str = ""

    @property
    def accepted(self) -> bool:
        return 200 <= self.status < 300


class Courier:
    """Owns the webhook client and every delivery that is under way."""

    def __init__(self, book: FaultBook, settings: DeliverySettings) -> None:
        self._book = book
        self._settings = settings
        self._slots = asyncio.Semaphore(CONNECTIONS)
        self._lines: dict[tuple[str, str], deque[Letter]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient | None = None

    def open(self) -> None:
        """Must be called inside the loop that will deliver."""
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        self._client = HttpxAiohttpClient(timeout=TIMEOUT_S, limits=limits, trust_env=False)

    async def close(self) -> None:
        """Gives up what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    @property
    def pending(self) -> int:
        """Letters neither answered nor given up."""
        return sum(len(line) for line in self._lines.values())

    def post(self, letter: Letter) -> None:
        """Queues a letter behind the others of its line, if the webhook wants the event."""
        if not letter.instance.webhook.wants(letter.event):
            letter.done.set()
            return
        key = (letter.instance.token, letter.line)
        line = self._lines.get(key)
        if line is not None:
            line.append(letter)
            return
        self._lines[key] = deque([letter])
        self._own(self._walk(key))

    async def post_raw(self, instance: Instance, body: bytes) -> int:
        """Posts any body once, outside the lines; the status, 0 when there was no answer."""
        return (await self._post_once(instance.webhook.url, body)).status

    def _own(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("webhook_line_failed", exc_info=error)

    async def _walk(self, key: tuple[str, str]) -> None:
        line = self._lines[key]
        try:
            while line:
                await self._deliver(line[0])
                line.popleft().done.set()
        finally:
            del self._lines[key]

    async def _deliver(self, letter: Letter) -> None:
        attempt = 0
        settings = self._settings_of(letter)
        while True:
            attempt += 1
            outcome = await self._attempt(letter)
            if outcome.accepted:
                return
            _note_error(letter, outcome, attempt)
            if attempt >= settings.repeat:
                return
            await asyncio.sleep(settings.repeat_delay_s)

    def _settings_of(self, letter: Letter) -> DeliverySettings:
        return letter.instance.delivery or self._settings

    async def _attempt(self, letter: Letter) -> Outcome:
        fault = self._book.take(Target.WEBHOOK, letter.event, letter.instance.token)
        if fault is not None and fault.kind in (Kind.DELAY, Kind.HANG):
            await asyncio.sleep(fault.seconds)
        if fault is not None and fault.kind is Kind.HOLD:
            await self._book.withdrawn(fault)
        if fault is not None and fault.kind in (Kind.HANG, Kind.DROP, Kind.STATUS):
            return _unposted(fault)
        outcome = await self._post_copies(letter)
        if fault is not None and fault.kind not in (Kind.DELAY, Kind.HOLD):
            return Outcome(0, "sandbox: the answer was lost")
        return outcome

    async def _post_copies(self, letter: Letter) -> Outcome:
        url = _address(letter)
        copies = (
            self._post_once(url, letter.body) for _ in range(self._settings_of(letter).copies)
        )
        outcomes = await asyncio.gather(*copies)
        best = next((outcome for outcome in outcomes if outcome.accepted), outcomes[0])
        if letter.exchange is not None:
            letter.exchange.attempts += 1
            letter.exchange.answered |= best.accepted
        return best

    async def _post_once(self, url: str, body: bytes) -> Outcome:
        assert self._client is not None, "open() was not called"
        try:
            async with self._slots:
                response = await self._client.post(url, content=body, headers=_JSON_HEADERS)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Outcome(0, f"{type(error).__name__}: {error}")
        return Outcome(response.status_code, "" if response.is_success else response.text[:200])


def _unposted(fault: Fault) -> Outcome:
    status = fault.status if fault.kind is Kind.STATUS and fault.status >= 300 else 0
    return Outcome(status, f"sandbox: {fault.kind}")


def _address(letter: Letter) -> str:
    webhook = letter.instance.webhook
    return f"{webhook.url}/{letter.event}" if webhook.add_url_events else webhook.url


def _note_error(letter: Letter, outcome: Outcome, attempt: int) -> None:
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
