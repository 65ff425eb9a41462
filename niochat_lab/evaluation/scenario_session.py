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

from niochat.cli.sandbox_client import SandboxClient
from niochat.composition.components import Components
from niochat.conversations.conversation_inspection import ConversationInspector
from niochat.domain.conversation.commands import ResolveConversation
from niochat.domain.errors import UnavailableError
from niochat_lab.evaluation.definitions.scenario_people import (
    ScenarioPeople,
    parse_people,
    select_people,
)
from niochat_lab.evaluation.definitions.scenario_schema import ErpChange, Scenario
from niochat_lab.evaluation.evaluation_records import EvaluationRepository, ToolUse, TurnWork
from niochat_lab.evaluation.evaluation_tenants import ScenarioTenant
from niochat_lab.evaluation.scenario_checks import ReceivedMessage, StepObservation

IDLE_TIMEOUT_S = 120.0
RESOLVE_TIMEOUT_S = 20.0
_POLL_S = 0.2


@dataclass
class ScenarioSession(ABC):
    """One scenario's. ``position`` and ``known`` say how far the last step was looked at."""

    client: SandboxClient
    views: ConversationInspector
    records: EvaluationRepository
    tenant: ScenarioTenant
    scenario: Scenario
    people: ScenarioPeople
    since: datetime
    first_position: int = 0
    position: int = 0
    seen_turn_ids: set[UUID] = field(default_factory=set)

    @abstractmethod
    async def send_text(self, text: str, **more: object) -> None:
        """The customer writes."""

    @abstractmethod
    async def wait_for_turn(self) -> None:
        """Returns once the assistant runs a turn. Raises ``UnavailableError`` when it never
        does.
        """

    @abstractmethod
    async def wait_until_idle(self) -> None:
        """Returns once all that was written is answered, or is with people."""

    @abstractmethod
    async def change_erp(self, change: ErpChange) -> None:
        """The ERP knows something else of the subscriber."""

    @abstractmethod
    async def resolve_conversation(self) -> None:
        """The conversation ends."""

    @abstractmethod
    async def load_phone_messages(self, after: int) -> tuple[list[dict[str, Any]], int]:
        """What the customer's phone shows after a position, as the sandbox tells it."""

    async def load_turns(self) -> list[TurnWork]:
        """The turns of the run, oldest first."""
        return await self.records.load_turns(self.tenant.tenant_id, self.since)

    async def count_refused_texts(self) -> int:
        """Texts of the model that did not leave in this run."""
        return await self.records.count_refused_texts(self.tenant.tenant_id, self.since)

    async def observe_step(self) -> StepObservation:
        """What came since the last look."""
        received, self.position = await self._load_received(self.position)
        work = await self.load_turns()
        fresh = [turn for turn in work if turn.id not in self.seen_turn_ids]
        self.seen_turn_ids |= {turn.id for turn in work}
        return await self._with_conversation(StepObservation(received, _collect_tool_uses(fresh)))

    async def observe_run(self) -> StepObservation:
        """What came of the whole run."""
        received, _ = await self._load_received(self.first_position)
        return await self._with_conversation(
            StepObservation(received, _collect_tool_uses(await self.load_turns()))
        )

    async def observe_conversation(self) -> StepObservation:
        """Where the newest conversation stands, without what came."""
        return await self._with_conversation(StepObservation())

    async def load_transcript(self) -> list[dict[str, str]]:
        """What was said in this run, oldest first."""
        items, _ = await self.load_phone_messages(self.first_position)
        return [
            {
                "who": "provider" if item["direction"] == "received" else "customer",
                "text": item["text"] if item["kind"] == "text" else _format_item(item),
            }
            for item in items
        ]

    async def load_ledger(self) -> list[dict[str, Any]]:
        """What was done in the scenario's ERP."""
        answer = await self.client.call_control("GET", f"/sandbox/sgp/{self.scenario.key}/ledger")
        return list(answer["items"])

    async def load_erp_calls(self) -> dict[str, int]:
        """How often each route of it was asked."""
        answer = await self.client.call_control("GET", f"/sandbox/sgp/{self.scenario.key}/calls")
        return dict(answer["items"])

    async def _put_erp_change(self, change: ErpChange) -> None:
        person = self.people.person
        assert person is not None
        path = f"/sandbox/sgp/{self.scenario.key}/subscribers/{person.cpf}"
        await self.client.call_control("PUT", path, change.model_dump(exclude_none=True))

    async def _load_received(self, after: int) -> tuple[tuple[ReceivedMessage, ...], int]:
        items, position = await self.load_phone_messages(after)
        received = [item for item in items if item["direction"] == "received"]
        return tuple(ReceivedMessage(item["kind"], item["text"]) for item in received), position

    async def _with_conversation(self, seen: StepObservation) -> StepObservation:
        found = await self.views.find_conversation(self.tenant.tenant_id, self.people.phone)
        if found is None:
            return seen
        story = await self.views.load_timeline(self.tenant.tenant_id, found["id"])
        passed_on = [e for e in story["events"] if e["type"] == "conversation_handed_off"]
        return replace(
            seen,
            status=found["status"],
            team=found["team"] or "",
            reason=passed_on[-1]["body"]["reason"] if passed_on else "",
            notes="\n".join(m["text"] for m in story["messages"] if m["kind"] == "note"),
            protocol=found["protocol"],
        )


SessionFactory = Callable[[Scenario], AbstractAsyncContextManager[ScenarioSession]]
"""The stage of a scenario as a first visit finds it: a fresh ERP, and no conversation live."""


@dataclass
class StackSession(ScenarioSession):
    """On the running stack: the phone is the sandbox's gateway."""

    parts: Components | None = None
    sent_count: int = 0
    """Messages of customers that the tenant has, or must have soon."""

    async def send_text(self, text: str, **more: object) -> None:
        self.sent_count += 1
        await self.client.send_message(self.people.phone, self.people.fill(text), **more)

    async def wait_for_turn(self) -> None:
        async def running() -> bool:
            return any(turn.status == "running" for turn in await self.load_turns())

        await _wait_until(running, IDLE_TIMEOUT_S, "no turn began")

    async def wait_until_idle(self) -> None:
        async def settled() -> bool:
            pulse = await self.records.load_activity(self.tenant.tenant_id)
            return not pulse.pending_count and pulse.received_count >= self.sent_count

        await _wait_until(settled, IDLE_TIMEOUT_S, "not all was answered")

    async def change_erp(self, change: ErpChange) -> None:
        assert self.parts is not None
        await self._put_erp_change(change)
        await _clear_erp_cache(self.parts, self.tenant.tenant_id)

    async def resolve_conversation(self) -> None:
        assert self.parts is not None
        await _resolve_earlier_conversation(self.parts, self.tenant, self.people.phone)

    async def load_phone_messages(self, after: int) -> tuple[list[dict[str, Any]], int]:
        news = await self.client.wait_for_messages(self.people.phone, after, 0)
        return list(news["items"]), int(news["next"])


def create_stack_session_factory(
    parts: Components, sandbox_url: str, places: Mapping[str, ScenarioTenant]
) -> SessionFactory:
    """The stages on the running stack."""

    @asynccontextmanager
    async def stage_of(scenario: Scenario) -> AsyncIterator[ScenarioSession]:
        place = places[scenario.name]
        client = SandboxClient(sandbox_url, place.token)
        records = EvaluationRepository(parts.database)
        try:
            await client.call_control("DELETE", f"/sandbox/sgp/{scenario.key}")
            told = await client.call_control("GET", f"/sandbox/sgp/{scenario.key}/subscribers")
            cast = select_people(scenario, parse_people(told))
            await _resolve_earlier_conversation(parts, place, cast.phone)
            await records.set_aside_writes(place.tenant_id)
            await records.forget_people(place.tenant_id)
            await _clear_erp_cache(parts, place.tenant_id)
            pulse = await records.load_activity(place.tenant_id)
            first = int((await client.wait_for_messages(cast.phone, 0, 0))["next"])
            yield StackSession(
                client,
                parts.views,
                records,
                place,
                scenario,
                cast,
                pulse.at,
                first,
                first,
                parts=parts,
                sent_count=pulse.received_count,
            )
        finally:
            await client.close()

    return stage_of


async def _resolve_earlier_conversation(
    parts: Components, place: ScenarioTenant, phone: str
) -> None:
    """A conversation of an earlier run ends."""
    found = await parts.views.find_conversation(place.tenant_id, phone)
    if found is None or found["status"] == "resolved":
        return
    key = f"evaluation:{secrets.token_hex(8)}"
    where = (place.tenant_id, found["thread_id"], place.channel_id)
    await parts.inbox.store_command(*where, key, ResolveConversation("evaluation"))

    async def processed() -> bool:
        return await parts.inbox.load_outcome(place.tenant_id, place.channel_id, key) is not None

    await _wait_until(processed, RESOLVE_TIMEOUT_S, "an earlier conversation did not end")


async def _clear_erp_cache(parts: Components, tenant_id: UUID) -> None:
    """What the product remembers of the ERP for half a minute is not so any more."""
    redis: Redis = Redis.from_url(parts.settings.redis_url.get_secret_value())
    try:
        async for key in redis.scan_iter(f"niochat:erp:{tenant_id}:*"):
            await redis.delete(key)
    finally:
        await redis.aclose()


def _collect_tool_uses(work: Sequence[TurnWork]) -> tuple[ToolUse, ...]:
    return tuple(use for turn in work for use in turn.tool_uses)


async def _wait_until(
    probe: Callable[[], Awaitable[bool]], within_s: float, otherwise: str
) -> None:
    deadline = time.monotonic() + within_s
    while not await probe():
        if time.monotonic() > deadline:
            raise UnavailableError(f"{otherwise} within {within_s:g} s")
        await asyncio.sleep(_POLL_S)


def _format_item(item: dict[str, Any]) -> str:
    return f"[{item['kind']}] {item['text']}".rstrip()
