"""A scenario session in this process: the phone is a list, everything else is the
product's code.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from niochat.assistant.turn_messages import TurnReport, TurnRequest
from niochat.cli.sandbox_client import SandboxClient
from niochat.domain.errors import UnavailableError
from niochat.domain.message import MessageContent, MessageKind
from niochat_lab.evaluation.definitions.scenario_people import parse_people, select_people
from niochat_lab.evaluation.definitions.scenario_schema import ErpChange, Scenario
from niochat_lab.evaluation.evaluation_records import EvaluationRepository
from niochat_lab.evaluation.evaluation_tenants import ScenarioTenant
from niochat_lab.evaluation.in_process.message_pipeline import DeliveredMessage, MessagePipeline
from niochat_lab.evaluation.scenario_session import ScenarioSession, SessionFactory

_MESSAGE_KINDS = {"ptt": MessageKind.VOICE}
"""The sandbox's names of message kinds that differ from the product's."""


@dataclass
class InProcessSession(ScenarioSession):
    """A session. ``thread`` is set when the customer writes the first message."""

    pipeline: MessagePipeline | None = None
    thread: UUID | None = None
    phone_messages: list[dict[str, Any]] = field(default_factory=list)
    running_turn: tuple[TurnRequest, asyncio.Task[TurnReport]] | None = None

    async def send_text(self, text: str, **more: object) -> None:
        kind = str(more.get("kind") or "text")
        filled_text = self.people.fill(text)
        content = MessageContent(MessageKind(_MESSAGE_KINDS.get(kind, kind)), filled_text)
        self.thread = await self._required_pipeline.receive(self.tenant, self.people.phone, content)
        self._record_message("sent", kind, filled_text)
        if self.running_turn is not None:
            await self._required_pipeline.step(self.thread)

    async def wait_for_turn(self) -> None:
        pipeline, thread = self._required_pipeline, self.thread
        assert thread is not None
        await pipeline.step(thread)
        turn = await pipeline.pending_turn(thread)
        if turn is None:
            raise UnavailableError("no turn began")
        self.running_turn = (turn, asyncio.create_task(pipeline.assistant.run(turn)))

    async def wait_until_idle(self) -> None:
        pipeline, thread = self._required_pipeline, self.thread
        if thread is None:
            return
        if self.running_turn is not None:
            (turn, task), self.running_turn = self.running_turn, None
            if await pipeline.pending_turn(thread) == turn:
                await pipeline.finish_turn(thread, await task)
            else:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        self._record_delivered(await pipeline.run_until_idle(thread))

    async def change_erp(self, change: ErpChange) -> None:
        await self._put_erp_change(change)

    async def resolve_conversation(self) -> None:
        if self.thread is not None:
            await self._required_pipeline.resolve(self.tenant, self.thread)
            self._record_delivered(await self._required_pipeline.run_until_idle(self.thread))

    async def load_phone_messages(self, after: int) -> tuple[list[dict[str, Any]], int]:
        return self.phone_messages[after:], len(self.phone_messages)

    @property
    def _required_pipeline(self) -> MessagePipeline:
        assert self.pipeline is not None
        return self.pipeline

    def _record_delivered(self, delivered: list[DeliveredMessage]) -> None:
        for each in delivered:
            self._record_message("received", each.kind, each.text)

    def _record_message(self, direction: str, kind: str, text: str) -> None:
        self.phone_messages.append({"direction": direction, "kind": kind, "text": text})


def create_in_process_session_factory(
    pipeline: MessagePipeline,
    sandbox_url: str,
    tenants: Mapping[str, ScenarioTenant],
    on_started: Callable[[ScenarioSession], None] = lambda session: None,
) -> SessionFactory:
    """Create sessions of scenarios whose tenants exist; ``on_started`` is called for each."""

    @asynccontextmanager
    async def open_session(scenario: Scenario) -> AsyncIterator[ScenarioSession]:
        tenant = tenants[scenario.name]
        client = SandboxClient(sandbox_url, tenant.token)
        records = EvaluationRepository(pipeline.database)
        try:
            await client.call_control("DELETE", f"/sandbox/sgp/{scenario.key}")
            response = await client.call_control("GET", f"/sandbox/sgp/{scenario.key}/subscribers")
            people = select_people(scenario, parse_people(response))
            await _resolve_earlier_conversation(pipeline, tenant, people.phone)
            await records.set_aside_writes(tenant.tenant_id)
            activity = await records.load_activity(tenant.tenant_id)
            session = InProcessSession(
                client,
                pipeline.views,
                records,
                tenant,
                scenario,
                people,
                activity.at,
                pipeline=pipeline,
            )
            on_started(session)
            yield session
        finally:
            await client.close()

    return open_session


async def _resolve_earlier_conversation(
    pipeline: MessagePipeline, tenant: ScenarioTenant, phone: str
) -> None:
    """End the conversation of an earlier run."""
    found = await pipeline.views.find_conversation(tenant.tenant_id, phone)
    if found is not None and found["status"] != "resolved":
        await pipeline.resolve(tenant, found["thread_id"])
