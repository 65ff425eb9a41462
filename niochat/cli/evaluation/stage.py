"""The place where a scenario is played: its phone, its ERP, its rows in the database."""

import asyncio
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from redis.asyncio import Redis

from niochat.cli.evaluation.checks import Received, Seen
from niochat.cli.evaluation.people import Cast, cast_of, people_of
from niochat.cli.evaluation.records import Records, Use, Work
from niochat.cli.evaluation.scenario import Change, Scenario
from niochat.cli.evaluation.tenants import Place
from niochat.cli.sandbox_client import SandboxClient
from niochat.conversation.views import ConversationInspector
from niochat.domain.commands import ResolveConversation
from niochat.domain.errors import UnavailableError
from niochat.wiring.parts import Components

QUIET_WITHIN_S = 120.0
RESOLVED_WITHIN_S = 20.0
_LOOK_S = 0.2


@dataclass
class Stage(ABC):
    """One scenario's. ``position`` and ``known`` say how far the last step was looked at."""

    client: SandboxClient
    views: ConversationInspector
    records: Records
    place: Place
    scenario: Scenario
    cast: Cast
    since: datetime
    first: int = 0
    position: int = 0
    known: set[UUID] = field(default_factory=set)

    @abstractmethod
    async def say(self, text: str, **more: object) -> None:
        """The customer writes."""

    @abstractmethod
    async def thinks(self) -> None:
        """Returns once the assistant runs a turn. Raises ``UnavailableError`` when it never does."""

    @abstractmethod
    async def quiet(self) -> None:
        """Returns once all that was written is answered, or is with people."""

    @abstractmethod
    async def change(self, change: Change) -> None:
        """The ERP knows something else of the subscriber."""

    @abstractmethod
    async def resolve(self) -> None:
        """The conversation ends."""

    @abstractmethod
    async def heard(self, after: int) -> tuple[list[dict[str, Any]], int]:
        """What the customer's phone shows after a position, as the sandbox tells it."""

    async def work(self) -> list[Work]:
        """The turns of the run, oldest first."""
        return await self.records.work(self.place.tenant_id, self.since)

    async def refused(self) -> int:
        """Texts of the model that did not leave in this run."""
        return await self.records.refused(self.place.tenant_id, self.since)

    async def seen(self) -> Seen:
        """What came since the last look."""
        received, self.position = await self._received(self.position)
        work = await self.work()
        fresh = [turn for turn in work if turn.id not in self.known]
        self.known |= {turn.id for turn in work}
        return await self._with_conversation(Seen(received, _uses(fresh)))

    async def seen_in_all(self) -> Seen:
        """What came of the whole run."""
        received, _ = await self._received(self.first)
        return await self._with_conversation(Seen(received, _uses(await self.work())))

    async def seen_of_conversation(self) -> Seen:
        """Where the newest conversation stands, without what came."""
        return await self._with_conversation(Seen())

    async def transcript(self) -> list[dict[str, str]]:
        """What was said in this run, oldest first."""
        items, _ = await self.heard(self.first)
        return [
            {
                "who": "provider" if item["direction"] == "received" else "customer",
                "text": item["text"] if item["kind"] == "text" else _named(item),
            }
            for item in items
        ]

    async def ledger(self) -> list[dict[str, Any]]:
        """What was done in the scenario's ERP."""
        answer = await self.client.call_control("GET", f"/sandbox/sgp/{self.scenario.key}/ledger")
        return list(answer["items"])

    async def calls(self) -> dict[str, int]:
        """How often each route of it was asked."""
        answer = await self.client.call_control("GET", f"/sandbox/sgp/{self.scenario.key}/calls")
        return dict(answer["items"])

    async def _change(self, change: Change) -> None:
        person = self.cast.person
        assert person is not None
        path = f"/sandbox/sgp/{self.scenario.key}/subscribers/{person.cpf}"
        await self.client.call_control("PUT", path, change.model_dump(exclude_none=True))

    async def _received(self, after: int) -> tuple[tuple[Received, ...], int]:
        items, position = await self.heard(after)
        received = [item for item in items if item["direction"] == "received"]
        return tuple(Received(item["kind"], item["text"]) for item in received), position

    async def _with_conversation(self, seen: Seen) -> Seen:
        found = await self.views.find_conversation(self.place.tenant_id, self.cast.phone)
        if found is None:
            return seen
        story = await self.views.load_timeline(self.place.tenant_id, found["id"])
        passed_on = [e for e in story["events"] if e["type"] == "conversation_handed_off"]
        return replace(
            seen,
            status=found["status"],
            team=found["team"] or "",
            reason=passed_on[-1]["body"]["reason"] if passed_on else "",
            notes="\n".join(m["text"] for m in story["messages"] if m["kind"] == "note"),
            protocol=found["protocol"],
        )


StageOf = Callable[[Scenario], AbstractAsyncContextManager[Stage]]
"""The stage of a scenario as a first visit finds it: a fresh ERP, and no conversation live."""


@dataclass
class StackStage(Stage):
    """On the running stack: the phone is the sandbox's gateway."""

    parts: Components | None = None
    wrote: int = 0
    """Messages of customers that the tenant has, or must have soon."""

    async def say(self, text: str, **more: object) -> None:
        self.wrote += 1
        await self.client.send_message(self.cast.phone, self.cast.fill(text), **more)

    async def thinks(self) -> None:
        async def running() -> bool:
            return any(turn.status == "running" for turn in await self.work())

        await _until(running, QUIET_WITHIN_S, "no turn began")

    async def quiet(self) -> None:
        async def settled() -> bool:
            pulse = await self.records.pulse(self.place.tenant_id)
            return not pulse.under_way and pulse.heard >= self.wrote

        await _until(settled, QUIET_WITHIN_S, "not all was answered")

    async def change(self, change: Change) -> None:
        assert self.parts is not None
        await self._change(change)
        await _empty_shelf(self.parts, self.place.tenant_id)

    async def resolve(self) -> None:
        assert self.parts is not None
        await _resolve(self.parts, self.place, self.cast.phone)

    async def heard(self, after: int) -> tuple[list[dict[str, Any]], int]:
        news = await self.client.wait_for_messages(self.cast.phone, after, 0)
        return list(news["items"]), int(news["next"])


def stages_of(parts: Components, sandbox_url: str, places: Mapping[str, Place]) -> StageOf:
    """The stages on the running stack."""

    @asynccontextmanager
    async def stage_of(scenario: Scenario) -> AsyncIterator[Stage]:
        place = places[scenario.name]
        client = SandboxClient(sandbox_url, place.token)
        records = Records(parts.database)
        try:
            await client.call_control("DELETE", f"/sandbox/sgp/{scenario.key}")
            told = await client.call_control("GET", f"/sandbox/sgp/{scenario.key}/subscribers")
            cast = cast_of(scenario, people_of(told))
            await _resolve(parts, place, cast.phone)
            await records.forget_writes(place.tenant_id)
            await records.forget_people(place.tenant_id)
            await _empty_shelf(parts, place.tenant_id)
            pulse = await records.pulse(place.tenant_id)
            first = int((await client.wait_for_messages(cast.phone, 0, 0))["next"])
            yield StackStage(
                client, parts.views, records, place, scenario, cast, pulse.at, first, first,
                parts=parts, wrote=pulse.heard,
            )  # fmt: skip
        finally:
            await client.close()

    return stage_of


async def _resolve(parts: Components, place: Place, phone: str) -> None:
    """A conversation of an earlier run ends."""
    found = await parts.views.find_conversation(place.tenant_id, phone)
    if found is None or found["status"] == "resolved":
        return
    key = f"evaluation:{secrets.token_hex(8)}"
    where = (place.tenant_id, found["thread_id"], place.channel_id)
    await parts.inbox.store_command(*where, key, ResolveConversation("evaluation"))

    async def processed() -> bool:
        return await parts.inbox.load_outcome(place.tenant_id, place.channel_id, key) is not None

    await _until(processed, RESOLVED_WITHIN_S, "an earlier conversation did not end")


async def _empty_shelf(parts: Components, tenant_id: UUID) -> None:
    """What the product remembers of the ERP for half a minute is not so any more."""
    redis: Redis = Redis.from_url(parts.settings.redis_url.get_secret_value())
    try:
        async for key in redis.scan_iter(f"niochat:erp:{tenant_id}:*"):
            await redis.delete(key)
    finally:
        await redis.aclose()


def _uses(work: Sequence[Work]) -> tuple[Use, ...]:
    return tuple(use for turn in work for use in turn.uses)


async def _until(probe: Callable[[], Awaitable[bool]], within_s: float, otherwise: str) -> None:
    deadline = time.monotonic() + within_s
    while not await probe():
        if time.monotonic() > deadline:
            raise UnavailableError(f"{otherwise} within {within_s:g} s")
        await asyncio.sleep(_LOOK_S)


def _named(item: dict[str, Any]) -> str:
    return f"[{item['kind']}] {item['text']}".rstrip()
