"""The session of one scenario: its phone, its ERP and its rows in the database."""

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
    """A session. ``position`` and ``seen_turn_ids``: what the last step has observed."""

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
        """Send a text, or a file, as the customer."""

    @abstractmethod
    async def wait_for_turn(self) -> None:
        """Return once the assistant runs a turn. Raises ``UnavailableError`` if it does not."""

    @abstractmethod
    async def wait_until_idle(self) -> None:
        """Return once all messages are answered or handed off."""

    @abstractmethod
    async def change_erp(self, change: ErpChange) -> None:
        """Change the subscriber's data in the ERP."""

    @abstractmethod
    async def resolve_conversation(self) -> None:
        """End the conversation."""

    @abstractmethod
    async def load_phone_messages(self, after: int) -> tuple[list[dict[str, Any]], int]:
        """The messages on the customer's phone after a position, as the sandbox returns them."""

    async def load_turns(self) -> list[TurnWork]:
        """Load the turns of the run, oldest first."""
        return await self.records.load_turns(self.tenant.tenant_id, self.since)

    async def count_refused_texts(self) -> int:
        """Count the model's texts that the guardrail rejected in this run."""
        return await self.records.count_refused_texts(self.tenant.tenant_id, self.since)

    async def observe_step(self) -> StepObservation:
        """Observe what happened since the last observation."""
        received, self.position = await self._load_received(self.position)
        work = await self.load_turns()
        fresh = [turn for turn in work if turn.id not in self.seen_turn_ids]
        self.seen_turn_ids |= {turn.id for turn in work}
        return await self._with_conversation(StepObservation(received, _collect_tool_uses(fresh)))

    async def observe_run(self) -> StepObservation:
        """Observe the whole run."""
        received, _ = await self._load_received(self.first_position)
        return await self._with_conversation(
            StepObservation(received, _collect_tool_uses(await self.load_turns()))
        )

    async def observe_conversation(self) -> StepObservation:
        """Observe the state of the newest conversation, without messages."""
        return await self._with_conversation(StepObservation())

    async def load_transcript(self) -> list[dict[str, str]]:
        """The messages of this run, oldest first."""
        items, _ = await self.load_phone_messages(self.first_position)
        return [
            {
                "who": "provider" if item["direction"] == "received" else "customer",
                "text": item["text"] if item["kind"] == "text" else _format_item(item),
            }
            for item in items
        ]

    async def load_ledger(self) -> list[dict[str, Any]]:
        """The ledger of the scenario's ERP."""
        response = await self.client.call_control("GET", f"/sandbox/sgp/{self.scenario.key}/ledger")
        return list(response["items"])

    async def load_erp_calls(self) -> dict[str, int]:
        """The number of calls by route of the scenario's ERP."""
        response = await self.client.call_control("GET", f"/sandbox/sgp/{self.scenario.key}/calls")
        return dict(response["items"])

    async def _put_erp_change(self, change: ErpChange) -> None:
        person = self.people.person
        assert person is not None
        path = f"/sandbox/sgp/{self.scenario.key}/subscribers/{person.cpf}"
        await self.client.call_control("PUT", path, change.model_dump(exclude_none=True))

    async def _load_received(self, after: int) -> tuple[tuple[ReceivedMessage, ...], int]:
        items, position = await self.load_phone_messages(after)
        received = [item for item in items if item["direction"] == "received"]
        return tuple(ReceivedMessage(item["kind"], item["text"]) for item in received), position

    async def _with_conversation(self, observation: StepObservation) -> StepObservation:
        found = await self.views.find_conversation(self.tenant.tenant_id, self.people.phone)
        if found is None:
            return observation
        timeline = await self.views.load_timeline(self.tenant.tenant_id, found["id"])
        handoffs = [e for e in timeline["events"] if e["type"] == "conversation_handed_off"]
        return replace(
            observation,
            status=found["status"],
            team=found["team"] or "",
            reason=handoffs[-1]["body"]["reason"] if handoffs else "",
            notes="\n".join(m["text"] for m in timeline["messages"] if m["kind"] == "note"),
            protocol=found["protocol"],
        )


SessionFactory = Callable[[Scenario], AbstractAsyncContextManager[ScenarioSession]]
"""Opens the session of a scenario with a fresh ERP and without an open conversation."""


@dataclass
class StackSession(ScenarioSession):
    """A session on the running stack; the phone is that of the sandbox's gateway."""

    components: Components | None = None
    sent_count: int = 0
    """The number of customers' messages that the tenant has stored or must store soon."""

    async def send_text(self, text: str, **more: object) -> None:
        self.sent_count += 1
        await self.client.send_message(self.people.phone, self.people.fill(text), **more)

    async def wait_for_turn(self) -> None:
        async def running() -> bool:
            return any(turn.status == "running" for turn in await self.load_turns())

        await _wait_until(running, IDLE_TIMEOUT_S, "no turn began")

    async def wait_until_idle(self) -> None:
        async def settled() -> bool:
            activity = await self.records.load_activity(self.tenant.tenant_id)
            return not activity.pending_count and activity.received_count >= self.sent_count

        await _wait_until(settled, IDLE_TIMEOUT_S, "not all was answered")

    async def change_erp(self, change: ErpChange) -> None:
        assert self.components is not None
        await self._put_erp_change(change)
        await _clear_erp_cache(self.components, self.tenant.tenant_id)

    async def resolve_conversation(self) -> None:
        assert self.components is not None
        await _resolve_earlier_conversation(self.components, self.tenant, self.people.phone)

    async def load_phone_messages(self, after: int) -> tuple[list[dict[str, Any]], int]:
        messages = await self.client.wait_for_messages(self.people.phone, after, 0)
        return list(messages["items"]), int(messages["next"])


def create_stack_session_factory(
    components: Components, sandbox_url: str, tenants: Mapping[str, ScenarioTenant]
) -> SessionFactory:
    """Create sessions on the running stack."""

    @asynccontextmanager
    async def open_session(scenario: Scenario) -> AsyncIterator[ScenarioSession]:
        tenant = tenants[scenario.name]
        client = SandboxClient(sandbox_url, tenant.token)
        records = EvaluationRepository(components.database)
        try:
            await client.call_control("DELETE", f"/sandbox/sgp/{scenario.key}")
            response = await client.call_control("GET", f"/sandbox/sgp/{scenario.key}/subscribers")
            people = select_people(scenario, parse_people(response))
            await _resolve_earlier_conversation(components, tenant, people.phone)
            await records.set_aside_writes(tenant.tenant_id)
            await records.forget_people(tenant.tenant_id)
            await _clear_erp_cache(components, tenant.tenant_id)
            activity = await records.load_activity(tenant.tenant_id)
            first = int((await client.wait_for_messages(people.phone, 0, 0))["next"])
            yield StackSession(
                client,
                components.views,
                records,
                tenant,
                scenario,
                people,
                activity.at,
                first,
                first,
                components=components,
                sent_count=activity.received_count,
            )
        finally:
            await client.close()

    return open_session


async def _resolve_earlier_conversation(
    components: Components, tenant: ScenarioTenant, phone: str
) -> None:
    """End the conversation of an earlier run."""
    found = await components.views.find_conversation(tenant.tenant_id, phone)
    if found is None or found["status"] == "resolved":
        return
    key = f"evaluation:{secrets.token_hex(8)}"
    key_columns = (tenant.tenant_id, found["thread_id"], tenant.channel_id)
    await components.inbox.store_command(*key_columns, key, ResolveConversation("evaluation"))

    async def processed() -> bool:
        stored = await components.inbox.load_command(tenant.tenant_id, tenant.channel_id, key)
        return stored is not None and stored.outcome is not None

    await _wait_until(processed, RESOLVE_TIMEOUT_S, "an earlier conversation did not end")


async def _clear_erp_cache(components: Components, tenant_id: UUID) -> None:
    """Delete cached ERP reads, which are outdated after a change."""
    redis: Redis = Redis.from_url(components.settings.redis_url.get_secret_value())
    try:
        async for key in redis.scan_iter(f"niochat:erp:{tenant_id}:*"):
            await redis.delete(key)
    finally:
        await redis.aclose()


def _collect_tool_uses(work: Sequence[TurnWork]) -> tuple[ToolUse, ...]:
    return tuple(use for turn in work for use in turn.tool_uses)


async def _wait_until(probe: Callable[[], Awaitable[bool]], within_s: float, problem: str) -> None:
    deadline = time.monotonic() + within_s
    while not await probe():
        if time.monotonic() > deadline:
            raise UnavailableError(f"{problem} within {within_s:g} s")
        await asyncio.sleep(_POLL_S)


def _format_item(item: dict[str, Any]) -> str:
    return f"[{item['kind']}] {item['text']}".rstrip()
