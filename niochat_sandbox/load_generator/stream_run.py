"""The run of one stream: when customers write, and the result of each message."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from niochat_sandbox.load_generator.load_job import LoadStream, LoadStreamResult, MessageStage
from niochat_sandbox.load_generator.rejected_webhooks import RejectedWebhookStore
from niochat_sandbox.load_generator.webhook_connection import WebhookConnection
from niochat_sandbox.load_generator.webhook_templates import WebhookTemplates, format_tag, parse_tag

_TICK_S = 0.002
_MAX_WAITING = 50_000
_RETRY_DELAY_S = 0.5


@dataclass(slots=True)
class _PendingMessage:
    person: int
    number: int
    due: float
    """When the message should have been sent; in an open loop the latency includes the delay."""


class StreamRun:
    """The state of one stream. ``due`` of a message is in ``time.monotonic`` seconds."""

    def __init__(
        self,
        stream: LoadStream,
        awaited: dict[str, "StreamRun"],
        numbers: dict[int, int],
        rejected: RejectedWebhookStore,
    ) -> None:
        """``numbers`` counts the messages of each customer over all jobs, so that ids are unique.

        ``rejected`` stores rejected webhooks that are not retried, as a gateway's store does.
        """
        self.stream = stream
        self.result = LoadStreamResult(stream.name)
        self._awaited = awaited
        self._rejected = rejected
        self._templates = WebhookTemplates(stream.url, stream.token)
        parts = urlsplit(stream.url)
        self._connections = [
            WebhookConnection(parts.hostname or "", parts.port or 80, self._on_connection_idle)
            for _ in range(stream.connections)
        ]
        self._idle: deque[WebhookConnection] = deque()
        self._waiting: deque[_PendingMessage] = deque()
        self._free = deque(range(stream.first, stream.first + stream.people))
        self._numbers = numbers
        self._last_number: dict[int, int] = {}
        self._in_progress: dict[str, _PendingMessage] = {}
        self._writes = False
        self._retry_waiting = 0
        """The number of rejected messages that wait for a retry."""
        self._started_at = self._ends_at = 0.0

    @property
    def pending_count(self) -> int:
        """The number of messages that have not reached the measured stage."""
        return len(self._in_progress) + len(self._waiting) + self._retry_waiting

    async def run(self, seconds: float) -> None:
        """Write for ``seconds``. Raises ``OSError`` if nothing listens at the stream's URL."""
        await asyncio.gather(*(connection.open() for connection in self._connections))
        self._started_at = time.monotonic()
        self._ends_at = self._started_at + seconds
        await asyncio.sleep(self.stream.delay)
        self._writes = True
        if self.stream.rate:
            await self._write_at_rate()
        else:
            await self._write_when_free()
        if self.stream.messages:
            await self._finish()
        self._writes = False

    def stop_writing(self) -> None:
        """Stop writing from now on."""
        self._ends_at = min(self._ends_at, time.monotonic())

    async def drain(self, seconds: float) -> LoadStreamResult:
        """Wait up to ``seconds`` for messages in progress; then they count as unanswered."""
        deadline = time.monotonic() + seconds
        while self.pending_count and time.monotonic() < deadline:  # noqa: ASYNC110 - bounded
            await asyncio.sleep(0.01)
        self.result.unanswered = self.pending_count
        self.close()
        return self.result

    def close(self) -> None:
        """Close all connections."""
        for connection in self._connections:
            connection.close()

    def record_reply(self, tag: str) -> None:
        """Record that the product sent a text with the tag of one of our messages."""
        person, number = parse_tag(tag)
        if self._last_number.get(person, -1) > number:
            self.result.out_of_order += 1
        self._last_number[person] = max(number, self._last_number.get(person, -1))
        self.result.answered += 1
        message = self._in_progress.get(tag)
        if message is not None and self.stream.measured is MessageStage.ANSWERED:
            self._measure(tag, message)
        if self.stream.freed is MessageStage.ANSWERED:
            self._release(person)

    async def _write_at_rate(self) -> None:
        interval = 1 / self.stream.rate
        due = time.monotonic()
        while (now := time.monotonic()) < self._ends_at and self._can_write():
            while due <= now and self._can_write():
                self._write(due)
                due += interval
            await asyncio.sleep(_TICK_S if due - now < _TICK_S else min(due - now, 0.25))

    async def _write_when_free(self) -> None:
        for _ in range(min(self.stream.places, self.stream.people)):
            self._write(time.monotonic())
        while time.monotonic() < self._ends_at and self._can_write():  # noqa: ASYNC110 - bounded
            await asyncio.sleep(0.005)  # places that become free write by themselves

    async def _finish(self) -> None:
        """Wait, within the time of the run, until all messages of a limited stream are measured."""
        while time.monotonic() < self._ends_at:
            if not self.pending_count and not self._can_write():
                return
            await asyncio.sleep(0.05)

    def _can_write(self) -> bool:
        max_messages = self.stream.messages
        return not max_messages or self.result.posted + len(self._waiting) < max_messages

    def _write(self, due: float) -> None:
        if not self._can_write():
            return
        if not self._free or len(self._waiting) > _MAX_WAITING:
            self.result.skipped += 1
            return
        person = self._free.popleft()
        number = self._numbers.get(person, 0)
        self._numbers[person] = number + 1
        self._waiting.append(_PendingMessage(person, number, due))
        self._post_waiting()

    def _post_waiting(self) -> None:
        while self._waiting and self._idle:
            message = self._waiting.popleft()
            tag = format_tag(message.person, message.number)
            self._in_progress[tag] = message
            if self.stream.measured is MessageStage.ANSWERED:
                self._awaited[tag] = self
            self.result.posted += 1
            request = self._templates.render(message.person, message.number)
            self._idle.popleft().post(request, partial(self._on_response, tag, request))

    def _on_response(self, tag: str, request: bytes, status: int, retry_after_s: float) -> None:
        result = self.result
        result.statuses[str(status)] = result.statuses.get(str(status), 0) + 1
        message = self._in_progress.get(tag)
        if status == 200:
            result.accepted += 1
            result.accepted_s = round(time.monotonic() - self._started_at, 3)
            if message is not None and self.stream.measured is MessageStage.ACCEPTED:
                self._measure(tag, message)
            if self.stream.freed is MessageStage.ACCEPTED:
                self._release(parse_tag(tag)[0])
            return
        if status:
            result.refused += 1
        else:
            result.failed += 1
        if message is not None:
            if not self.stream.repeat:
                self._rejected.add(self.stream.token, request)
            self._on_rejected(tag, message, retry_after_s)

    def _on_rejected(self, tag: str, message: _PendingMessage, retry_after_s: float) -> None:
        del self._in_progress[tag]
        loop = asyncio.get_running_loop()
        if self.stream.repeat:
            self._retry_waiting += 1
            loop.call_later(retry_after_s or _RETRY_DELAY_S, self._retry, message)
        else:
            loop.call_later(_RETRY_DELAY_S, self._release, message.person)

    def _retry(self, message: _PendingMessage) -> None:
        self._retry_waiting -= 1
        self.result.posted -= 1  # the same message counts once
        self._waiting.append(message)
        self._post_waiting()

    def _measure(self, tag: str, message: _PendingMessage) -> None:
        del self._in_progress[tag]
        now = time.monotonic()
        self.result.latencies_ms.append(round((now - message.due) * 1000, 3))
        self.result.last_s = round(now - self._started_at, 3)
        self.result.within += now <= self._ends_at

    def _release(self, person: int) -> None:
        self._free.append(person)
        if self._writes and not self.stream.rate and time.monotonic() < self._ends_at:
            self._write(time.monotonic())

    def _on_connection_idle(self, connection: WebhookConnection) -> None:
        self._idle.append(connection)
        self._post_waiting()
