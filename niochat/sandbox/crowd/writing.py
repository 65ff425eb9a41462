"""One stream under way: who writes when, and what became of each message."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from niochat.sandbox.crowd.job import Moment, Outcome, Stream
from niochat.sandbox.crowd.kept import Kept
from niochat.sandbox.crowd.letters import Letters, named_by, tag
from niochat.sandbox.crowd.line import Line

_TICK_S = 0.002
_MOST_WAITING = 50_000
_AGAIN_S = 0.5


@dataclass(slots=True)
class _Message:
    person: int
    number: int
    due: float
    """When it should have left: what an overload delays counts (open loop)."""


class Writing:
    """A stream's state. `due` of a message is a time of `time.monotonic`."""

    def __init__(
        self,
        stream: Stream,
        awaited: dict[str, "Writing"],
        numbers: dict[int, int],
        kept: Kept,
    ) -> None:
        """`numbers` counts each person's messages over all jobs, so that no id comes twice;
        `kept` keeps what is refused and not posted again, as a gateway's store does.
        """
        self.stream = stream
        self.outcome = Outcome(stream.name)
        self._awaited = awaited
        self._kept = kept
        self._letters = Letters(stream.url, stream.token)
        parts = urlsplit(stream.url)
        self._lines = [
            Line(parts.hostname or "", parts.port or 80, self._line_idle)
            for _ in range(stream.connections)
        ]
        self._idle: deque[Line] = deque()
        self._waiting: deque[_Message] = deque()
        self._free = deque(range(stream.first, stream.first + stream.people))
        self._numbers = numbers
        self._heard: dict[int, int] = {}
        self._under_way: dict[str, _Message] = {}
        self._writes = False
        self._resting = 0
        """Messages that were refused and wait until they are posted again."""
        self._began = self._ends = 0.0

    @property
    def under_way(self) -> int:
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

    def end(self) -> None:
        """Write no more from now on."""
        self._ends = min(self._ends, time.monotonic())

    async def settle(self, seconds: float) -> Outcome:
        """Wait for what is under way, at most so long; then it counts as unanswered."""
        deadline = time.monotonic() + seconds
        while self.under_way and time.monotonic() < deadline:  # noqa: ASYNC110 - bounded
            await asyncio.sleep(0.01)
        self.outcome.unanswered = self.under_way
        self.close()
        return self.outcome

    def close(self) -> None:
        """Hang up."""
        for line in self._lines:
            line.close()

    def heard(self, named: str) -> None:
        """The gateway was told to send a text that names a message of ours."""
        person, number = named_by(named)
        if self._heard.get(person, -1) > number:
            self.outcome.out_of_order += 1
        self._heard[person] = max(number, self._heard.get(person, -1))
        self.outcome.answered += 1
        message = self._under_way.get(named)
        if message is not None and self.stream.measured is Moment.ANSWERED:
            self._measure(named, message)
        if self.stream.freed is Moment.ANSWERED:
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
            if not self.under_way and not self._may_write():
                return
            await asyncio.sleep(0.05)

    def _may_write(self) -> bool:
        most = self.stream.messages
        return not most or self.outcome.posted + len(self._waiting) < most

    def _write(self, due: float) -> None:
        if not self._may_write():
            return
        if not self._free or len(self._waiting) > _MOST_WAITING:
            self.outcome.skipped += 1
            return
        person = self._free.popleft()
        number = self._numbers.get(person, 0)
        self._numbers[person] = number + 1
        self._waiting.append(_Message(person, number, due))
        self._post_waiting()

    def _post_waiting(self) -> None:
        while self._waiting and self._idle:
            message = self._waiting.popleft()
            named = tag(message.person, message.number)
            self._under_way[named] = message
            if self.stream.measured is Moment.ANSWERED:
                self._awaited[named] = self
            self.outcome.posted += 1
            request = self._letters.write(message.person, message.number)
            self._idle.popleft().post(request, partial(self._posted, named, request))

    def _posted(self, named: str, request: bytes, status: int, retry_after_s: float) -> None:
        outcome = self.outcome
        outcome.statuses[str(status)] = outcome.statuses.get(str(status), 0) + 1
        message = self._under_way.get(named)
        if status == 200:
            outcome.accepted += 1
            outcome.accepted_s = round(time.monotonic() - self._began, 3)
            if message is not None and self.stream.measured is Moment.ACCEPTED:
                self._measure(named, message)
            if self.stream.freed is Moment.ACCEPTED:
                self._release(named_by(named)[0])
            return
        if status:
            outcome.refused += 1
        else:
            outcome.failed += 1
        if message is not None:
            if not self.stream.repeat:
                self._kept.keep(self.stream.token, request)
            self._refused(named, message, retry_after_s)

    def _refused(self, named: str, message: _Message, retry_after_s: float) -> None:
        del self._under_way[named]
        loop = asyncio.get_running_loop()
        if self.stream.repeat:
            self._resting += 1
            loop.call_later(retry_after_s or _AGAIN_S, self._again, message)
        else:
            loop.call_later(_AGAIN_S, self._release, message.person)

    def _again(self, message: _Message) -> None:
        self._resting -= 1
        self.outcome.posted -= 1  # the same message: it counts once
        self._waiting.append(message)
        self._post_waiting()

    def _measure(self, named: str, message: _Message) -> None:
        del self._under_way[named]
        now = time.monotonic()
        self.outcome.latencies_ms.append(round((now - message.due) * 1000, 3))
        self.outcome.last_s = round(now - self._began, 3)
        self.outcome.within += now <= self._ends

    def _release(self, person: int) -> None:
        self._free.append(person)
        if self._writes and not self.stream.rate and time.monotonic() < self._ends:
            self._write(time.monotonic())

    def _line_idle(self, line: Line) -> None:
        self._idle.append(line)
        self._post_waiting()
