"""Simulates many customers who write and wait, and audits what they sent and received.

Every message carries a tag (``#c<customer>-<number>``), and the model of the sandbox repeats it in
its answer. So the audit compares only what the phones sent and received.
"""

import asyncio
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from niochat.cli.sandbox_client import SandboxClient
from niochat.domain.errors import NiochatError

TAG_PATTERN = re.compile(r"#c(\d+)-(\d+)")
MEAN_PAUSE_S = 8.0
"""Mean pause of a customer between an answer and the next message."""
ANSWER_TIMEOUT_S = 60.0
"""A customer who has waited this long for an answer writes again."""
BURST_SHARE = 0.2
"""The share of turns in which a customer sends two or three messages at once."""


@dataclass(frozen=True, slots=True)
class SimulationAudit:
    """Counts of messages by outcome, with some tags of lost, repeated and disordered messages."""

    sent: int
    answered: int
    lost: int
    twice: int
    out_of_order: int
    handed_off: int
    latency_p50_s: float
    latency_p95_s: float
    examples: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, repeated or out of order."""
        return not (self.lost or self.twice or self.out_of_order)

    def as_dict(self) -> dict[str, object]:
        """Return the audit for JSON."""
        return asdict(self)


class CustomerSimulation:
    """The customers of one run. No other run uses their phone numbers."""

    def __init__(
        self, client: SandboxClient, customers: int, seed: int, think_s: float = MEAN_PAUSE_S
    ) -> None:
        self._client = client
        self._random = random.Random(seed)
        self._think_s = think_s
        run = self._random.randrange(10_000)
        self.phones = [f"55819{run:04d}{n:04d}" for n in range(customers)]
        self.sent = 0
        self.answers = 0

    async def run(self, seconds: float) -> None:
        """Let all customers write for this long."""
        until = time.monotonic() + seconds
        async with asyncio.TaskGroup() as group:
            for number in range(len(self.phones)):
                group.create_task(self._play_customer(number, until))

    async def audit_when_settled(self, within_s: float) -> SimulationAudit:
        """Audit once every message has an answer, or after ``within_s``."""
        deadline = time.monotonic() + within_s
        while True:
            audit = await self.audit()
            if not audit.lost or time.monotonic() > deadline:
                await asyncio.sleep(2.0)  # a second answer to the same message would come now
                return await self.audit()
            await asyncio.sleep(1.0)

    async def audit(self) -> SimulationAudit:
        """Audit what the phones have sent and received so far."""
        ledger = await self._client.load_ledger()
        return audit_messages(ledger["sent"], ledger["received"], set(self.phones))

    async def _play_customer(self, number: int, until: float) -> None:
        chance = random.Random(self._random.random())
        await asyncio.sleep(chance.uniform(0, min(self._think_s, until - time.monotonic())))
        position, count = 0, 0
        while time.monotonic() < until:
            for _ in range(chance.choice((2, 3)) if chance.random() < BURST_SHARE else 1):
                count += 1
                await self._write(number, count)
            position = await self._wait_for_answer(number, f"#c{number}-{count}", position, until)
            pause = chance.expovariate(1 / self._think_s)
            await asyncio.sleep(max(0.0, min(pause, until - time.monotonic())))

    async def _write(self, number: int, count: int) -> None:
        text = f"#c{number}-{count} minha internet está lenta"
        await self._client.send_message(self.phones[number], text, name=f"Cliente {number}")
        self.sent += 1

    async def _wait_for_answer(self, number: int, tag: str, position: int, until: float) -> int:
        """Wait for the answer to ``tag`` and return the new position, also after a timeout."""
        deadline = min(time.monotonic() + ANSWER_TIMEOUT_S, until)
        while (left := deadline - time.monotonic()) > 0:
            try:
                page = await self._client.wait_for_messages(
                    self.phones[number], position, min(left, 20)
                )
            except NiochatError:
                await asyncio.sleep(0.5)
                continue
            position = int(page["next"])
            texts = [i["text"] for i in page["items"] if i["direction"] == "received"]
            self.answers += len(texts)
            if any(tag in find_tags(text) for text in texts):
                break
        return position


def audit_messages(
    sent: Sequence[Mapping[str, object]],
    received: Sequence[Mapping[str, object]],
    phones: set[str],
) -> SimulationAudit:
    """Audit by tag. A message is answered if exactly one received message has its tag."""
    sent_at: dict[str, float] = {}
    for item in sent:
        if str(item["phone"]) in phones:
            sent_at.update({tag: _at(item) for tag in find_tags(str(item["text"]))})
    answer_counts: Counter[str] = Counter()
    orders: dict[str, list[int]] = defaultdict(list)
    latencies: list[float] = []
    untagged: list[str] = []
    for item in sorted(received, key=_position):
        if str(item["phone"]) not in phones:
            continue
        tags = find_tags(str(item["text"]))
        if not tags:
            untagged.append(str(item["text"]))
        answer_counts.update(tags)
        orders[str(item["phone"])].extend(_number(tag) for tag in tags)
        latencies.extend(_at(item) - sent_at[tag] for tag in tags if tag in sent_at)
    lost = [tag for tag in sent_at if not answer_counts[tag]]
    twice = [tag for tag, count in answer_counts.items() if count > 1]
    disordered = [phone for phone, order in orders.items() if order != sorted(order)]
    return SimulationAudit(
        sent=len(sent_at),
        answered=sum(bool(answer_counts[tag]) for tag in sent_at),
        lost=len(lost),
        twice=len(twice),
        out_of_order=len(disordered),
        handed_off=len(untagged),
        latency_p50_s=_quantile(latencies, 0.5),
        latency_p95_s=_quantile(latencies, 0.95),
        examples={
            "lost": lost[:5],
            "twice": twice[:5],
            "out_of_order": disordered[:5],
            "handed_off": untagged[:5],
        },
    )


def find_tags(text: str) -> list[str]:
    """Return the tags in a text, in order."""
    return [match.group(0) for match in TAG_PATTERN.finditer(text)]


def _number(tag: str) -> int:
    return int(tag.rsplit("-", 1)[1])


def _position(item: Mapping[str, object]) -> float:
    return float(str(item["position"]))


def _at(item: Mapping[str, object]) -> float:
    """Return the time of an item in seconds since the epoch."""
    return float(str(item["at"]))


def _quantile(values: list[float], share: float) -> float:
    if not values:
        return 0.0
    return round(sorted(values)[min(int(len(values) * share), len(values) - 1)], 3)
