"""A scenario's stage in this process: the phone is a list, all behind it is the product's."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from niochat.assistant.report import TurnReport, TurnRequest
from niochat.cli.evaluation.inprocess.office import Left, Office
from niochat.cli.evaluation.people import cast_of, people_of
from niochat.cli.evaluation.records import Records
from niochat.cli.evaluation.scenario import Change, Scenario
from niochat.cli.evaluation.stage import Stage, StageOf
from niochat.cli.evaluation.tenants import Place
from niochat.cli.sandbox_client import SandboxClient
from niochat.domain.errors import UnavailableError
from niochat.domain.message import MessageContent, MessageKind

_KINDS = {"ptt": MessageKind.VOICE}
"""Names of the sandbox that are not ours."""


@dataclass
class InProcessStage(Stage):
    """``thread`` is known once the customer wrote."""

    office: Office | None = None
    thread: UUID | None = None
    phone: list[dict[str, Any]] = field(default_factory=list)
    thinking: tuple[TurnRequest, asyncio.Task[TurnReport]] | None = None

    async def say(self, text: str, **more: object) -> None:
        kind = str(more.get("kind") or "text")
        said = self.cast.fill(text)
        content = MessageContent(MessageKind(_KINDS.get(kind, kind)), said)
        self.thread = await self._office.receive(self.place, self.cast.phone, content)
        self._show("sent", kind, said)
        if self.thinking is not None:
            await self._office.step(self.thread)

    async def thinks(self) -> None:
        office, thread = self._office, self.thread
        assert thread is not None
        await office.step(thread)
        turn = await office.turn(thread)
        if turn is None:
            raise UnavailableError("no turn began")
        self.thinking = (turn, asyncio.create_task(office.assistant.run(turn)))

    async def quiet(self) -> None:
        office, thread = self._office, self.thread
        if thread is None:
            return
        if self.thinking is not None:
            (turn, task), self.thinking = self.thinking, None
            if await office.turn(thread) == turn:
                await office.ended(thread, await task)
            else:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        self._receive(await office.rest(thread))

    async def change(self, change: Change) -> None:
        await self._change(change)

    async def resolve(self) -> None:
        if self.thread is not None:
            await self._office.resolve(self.place, self.thread)
            self._receive(await self._office.rest(self.thread))

    async def heard(self, after: int) -> tuple[list[dict[str, Any]], int]:
        return self.phone[after:], len(self.phone)

    @property
    def _office(self) -> Office:
        assert self.office is not None
        return self.office

    def _receive(self, left: list[Left]) -> None:
        for each in left:
            self._show("received", each.kind, each.text)

    def _show(self, direction: str, kind: str, text: str) -> None:
        self.phone.append({"direction": direction, "kind": kind, "text": text})


def stages_of(
    office: Office,
    sandbox_url: str,
    places: Mapping[str, Place],
    began: Callable[[Stage], None] = lambda stage: None,
) -> StageOf:
    """The stages of scenarios whose providers were applied; ``began`` hears of each."""

    @asynccontextmanager
    async def stage_of(scenario: Scenario) -> AsyncIterator[Stage]:
        place = places[scenario.name]
        client = SandboxClient(sandbox_url, place.token)
        records = Records(office.database)
        try:
            await client.call_control("DELETE", f"/sandbox/sgp/{scenario.key}")
            told = await client.call_control("GET", f"/sandbox/sgp/{scenario.key}/subscribers")
            cast = cast_of(scenario, people_of(told))
            await _resolved(office, place, cast.phone)
            await records.forget_writes(place.tenant_id)
            pulse = await records.pulse(place.tenant_id)
            stage = InProcessStage(
                client, office.views, records, place, scenario, cast, pulse.at, office=office
            )
            began(stage)
            yield stage
        finally:
            await client.close()

    return stage_of


async def _resolved(office: Office, place: Place, phone: str) -> None:
    """A conversation of an earlier run ends."""
    found = await office.views.find_conversation(place.tenant_id, phone)
    if found is not None and found["status"] != "resolved":
        await office.resolve(place, found["thread_id"])
