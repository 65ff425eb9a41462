"""A scenario's stage in this process: the phone is a list, all behind it is the product's."""

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
"""Names of the sandbox that are not ours."""


@dataclass
class InProcessSession(ScenarioSession):
    """``thread`` is known once the customer wrote."""

    pipeline: MessagePipeline | None = None
    thread: UUID | None = None
    phone_messages: list[dict[str, Any]] = field(default_factory=list)
    running_turn: tuple[TurnRequest, asyncio.Task[TurnReport]] | None = None

    async def send_text(self, text: str, **more: object) -> None:
        kind = str(more.get("kind") or "text")
        said = self.people.fill(text)
        content = MessageContent(MessageKind(_MESSAGE_KINDS.get(kind, kind)), said)
        self.thread = await self._required_pipeline.receive(self.tenant, self.people.phone, content)
        self._record_message("sent", kind, said)
        if self.running_turn is not None:
            await self._required_pipeline.step(self.thread)

    async def wait_for_turn(self) -> None:
        office, thread = self._required_pipeline, self.thread
        assert thread is not None
        await office.step(thread)
        turn = await office.pending_turn(thread)
        if turn is None:
            raise UnavailableError("no turn began")
        self.running_turn = (turn, asyncio.create_task(office.assistant.run(turn)))

    async def wait_until_idle(self) -> None:
        office, thread = self._required_pipeline, self.thread
        if thread is None:
            return
        if self.running_turn is not None:
            (turn, task), self.running_turn = self.running_turn, None
            if await office.pending_turn(thread) == turn:
                await office.finish_turn(thread, await task)
            else:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        self._record_delivered(await office.run_until_idle(thread))

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

    def _record_delivered(self, left: list[DeliveredMessage]) -> None:
        for each in left:
            self._record_message("received", each.kind, each.text)

    def _record_message(self, direction: str, kind: str, text: str) -> None:
        self.phone_messages.append({"direction": direction, "kind": kind, "text": text})


def create_in_process_session_factory(
    office: MessagePipeline,
    sandbox_url: str,
    places: Mapping[str, ScenarioTenant],
    began: Callable[[ScenarioSession], None] = lambda stage: None,
) -> SessionFactory:
    """The stages of scenarios whose providers were applied; ``began`` hears of each."""

    @asynccontextmanager
    async def stage_of(scenario: Scenario) -> AsyncIterator[ScenarioSession]:
        place = places[scenario.name]
        client = SandboxClient(sandbox_url, place.token)
        records = EvaluationRepository(office.database)
        try:
            await client.call_control("DELETE", f"/sandbox/sgp/{scenario.key}")
            told = await client.call_control("GET", f"/sandbox/sgp/{scenario.key}/subscribers")
            cast = select_people(scenario, parse_people(told))
            await _resolve_earlier_conversation(office, place, cast.phone)
            await records.set_aside_writes(place.tenant_id)
            pulse = await records.load_activity(place.tenant_id)
            stage = InProcessSession(
                client, office.views, records, place, scenario, cast, pulse.at, pipeline=office
            )
            began(stage)
            yield stage
        finally:
            await client.close()

    return stage_of


async def _resolve_earlier_conversation(
    office: MessagePipeline, place: ScenarioTenant, phone: str
) -> None:
    """A conversation of an earlier run ends."""
    found = await office.views.find_conversation(place.tenant_id, phone)
    if found is not None and found["status"] != "resolved":
        await office.resolve(place, found["thread_id"])
