"""One stream under way: who writes when, and what became of each message."""

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
    """When it should have left: what an overload delays counts (open loop)."""


class StreamRun:
    """A stream's state. `due` of a message is a time of `time.monotonic`."""

    def __init__(
        self,
        stream: LoadStream,
        awaited: dict[str, "StreamRun"],
        numbers: dict[int, int],
        kept: RejectedWebhookStore,
    ) -> None:
        """`numbers` counts each person's messages over all jobs, so that no id comes twice;
        `kept` keeps what is refused and not posted again, as a gateway's store does.
        """
        self.stream = stream
        self.outcome = LoadStreamResult(stream.name)
        self._awaited = awaited
        self._kept = kept
        self._letters = WebhookTemplates(stream.url, stream.token)
        parts = urlsplit(stream.url)
        self._lines = [
            WebhookConnection(parts.hostname or "", parts.port or 80, self._on_connection_idle)
            for _ in range(stream.connections)
        ]
        self._idle: deque[WebhookConnection] = deque()
        self._waiting: deque[_PendingMessage] = deque()
        self._free = deque(range(stream.first, stream.first + stream.people))
        self._numbers = numbers
        self._heard: dict[int, int] = {}
        self._under_way: dict[str, _PendingMessage] = {}
        self._writes = False
        self._resting = 0
        """Messages that were refused and wait until they are posted again."""
        self._began = self._ends = 0.0

    @property
    def pending_count(self) -> int:
        """Messages whose measured moment has not come."""
        return len(self._under_way) + len(self._waiting) + self._resting

    async def run(self, seconds: float) -> None:
        """Write for so long. Raises `OSError` when nobody listens."""
        await asyncio.gather(*(line.open() for line in self._lines))
        self._began = time.monotonic()
        self._ends = self._began + seconds
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
        """Write no more from now on."""
        self._ends = min(self._ends, time.monotonic())

    async def drain(self, seconds: float) -> LoadStreamResult:
        """Wait for what is under way, at most so long; then it counts as unanswered."""
        deadline = time.monotonic() + seconds
        while self.pending_count and time.monotonic() < deadline:  # noqa: ASYNC110 - bounded
            await asyncio.sleep(0.01)
        self.outcome.unanswered = self.pending_count
        self.close()
        return self.outcome

    def close(self) -> None:
        """Hang up."""
        for line in self._lines:
            line.close()

    def record_reply(self, named: str) -> None:
        """The gateway was told to send a text that names a message of ours."""
        person, number = parse_tag(named)
        if self._heard.get(person, -1) > number:
            self.outcome.out_of_order += 1
        self._heard[person] = max(number, self._heard.get(person, -1))
        self.outcome.answered += 1
        message = self._under_way.get(named)
        if message is not None and self.stream.measured is MessageStage.ANSWERED:
            self._measure(named, message)
        if self.stream.freed is MessageStage.ANSWERED:
            self._release(person)

    async def _write_at_rate(self) -> None:
        pause = 1 / self.stream.rate
        due = time.monotonic()
        while (now := time.monotonic()) < self._ends and self._may_write():
            while due <= now and self._may_write():
                self._write(due)
                due += pause
            await asyncio.sleep(_TICK_S if due - now < _TICK_S else min(due - now, 0.25))

    async def _write_when_free(self) -> None:
        for _ in range(min(self.stream.places, self.stream.people)):
            self._write(time.monotonic())
        while time.monotonic() < self._ends and self._may_write():  # noqa: ASYNC110 - bounded
            await asyncio.sleep(0.005)  # places that are free again write by themselves

    async def _finish(self) -> None:
        """A stream of so many messages runs until the last is measured, within its time."""
        while time.monotonic() < self._ends:
            if not self.pending_count and not self._may_write():
                return
            await asyncio.sleep(0.05)

    def _may_write(self) -> bool:
        most = self.stream.messages
        return not most or self.outcome.posted + len(self._waiting) < most

    def _write(self, due: float) -> None:
        if not self._may_write():
            return
        if not self._free or len(self._waiting) > _MAX_WAITING:
            self.outcome.skipped += 1
            return
        person = self._free.popleft()
        number = self._numbers.get(person, 0)
        self._numbers[person] = number + 1
        self._waiting.append(_PendingMessage(person, number, due))
        self._post_waiting()

    def _post_waiting(self) -> None:
        while self._waiting and self._idle:
            message = self._waiting.popleft()
            named = format_tag(message.person, message.number)
            self._under_way[named] = message
            if self.stream.measured is MessageStage.ANSWERED:
                self._awaited[named] = self
            self.outcome.posted += 1
            request = self._letters.render(message.person, message.number)
            self._idle.popleft().post(request, partial(self._on_response, named, request))

    def _on_response(self, named: str, request: bytes, status: int, retry_after_s: float) -> None:
        outcome = self.outcome
        outcome.statuses[str(status)] = outcome.statuses.get(str(status), 0) + 1
        message = self._under_way.get(named)
        if status == 200:
            outcome.accepted += 1
            outcome.accepted_s = round(time.monotonic() - self._began, 3)
            if message is not None and self.stream.measured is MessageStage.ACCEPTED:
                self._measure(named, message)
            if self.stream.freed is MessageStage.ACCEPTED:
                self._release(parse_tag(named)[0])
            return
        if status:
            outcome.refused += 1
        else:
            outcome.failed += 1
        if message is not None:
            if not self.stream.repeat:
                self._kept.add(self.stream.token, request)
            self._on_rejected(named, message, retry_after_s)

    def _on_rejected(self, named: str, message: _PendingMessage, retry_after_s: float) -> None:
        del self._under_way[named]
        loop = asyncio.get_running_loop()
        if self.stream.repeat:
            self._resting += 1
            loop.call_later(retry_after_s or _RETRY_DELAY_S, self._retry, message)
        else:
            loop.call_later(_RETRY_DELAY_S, self._release, message.person)

    def _retry(self, message: _PendingMessage) -> None:
        self._resting -= 1
        self.outcome.posted -= 1  # the same message: it counts once
        self._waiting.append(message)
        self._post_waiting()

    def _measure(self, named: str, message: _PendingMessage) -> None:
        del self._under_way[named]
        now = time.monotonic()
        self.outcome.latencies_ms.append(round((now - message.due) * 1000, 3))
        self.outcome.last_s = round(now - self._began, 3)
        self.outcome.within += now <= self._ends

    def _release(self, person: int) -> None:
        self._free.append(person)
        if self._writes and not self.stream.rate and time.monotonic() < self._ends:
            self._write(time.monotonic())

    def _on_connection_idle(self, line: WebhookConnection) -> None:
        self._idle.append(line)
        self._post_waiting()
