"""One tenant's actor without a host, stepped by hand, with a clock that a test moves."""

import asyncio
from typing import Any
from uuid import UUID

from niochat.actors import actor_addresses
from niochat.actors.tenant_actor import TenantBehaviour, TurnGrant, TurnGrantRequest
from niochat.adapters.gateways.uazapi.client import UazapiClient
from niochat.erp.call_limiter import CallPermit, CallPermitRelease, CallPermitRequest
from niochat.inbox.backfill import Backfiller
from niochat.inbox.inbox_store import InboxStore
from niochat.runtime.activation import Activation, ActorRequest
from niochat.runtime.actor_runtime import ActorStep
from tests.actors.sandbox_provider import SandboxProvider


class ManualClock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class ManualTenantActor:
    """One tenant's actor, stepped by hand."""

    def __init__(self, provider: SandboxProvider, gateway: UazapiClient) -> None:
        self.clock, self.poked = ManualClock(), set[UUID]()
        self.filled = asyncio.Event()
        database = provider.database
        self.behaviour = TenantBehaviour(
            database,
            Backfiller(database, InboxStore(database), gateway),
            provider.directory.gateway_credentials,
            self._poke,
            backfill_interval_s=30,
            clock=self.clock,
        )
        self.activation = Activation(actor_addresses.tenant_address(provider.place.tenant), 0.0)

    def _poke(self, tenant_id: UUID, threads: set[UUID]) -> None:
        self.poked |= threads
        self.filled.set()

    async def send(self, *messages: object) -> None:
        await self.behaviour.step([ActorStep(self.activation, list(messages))])

    async def call(self, payload: object) -> Any:
        question = ActorRequest(payload, asyncio.get_running_loop().create_future())
        await self.send(question)
        return question.response.result()

    async def request_turn_grant(self) -> TurnGrant:
        grant = await self.call(TurnGrantRequest())
        assert isinstance(grant, TurnGrant)
        return grant

    async def request_erp_permit(self) -> CallPermit:
        """A place for one call of the ERP is asked for."""
        permit = await self.call(CallPermitRequest())
        assert isinstance(permit, CallPermit)
        return permit

    async def begin_erp_call(self) -> UUID:
        """A call of the ERP that may begin."""
        permit = await self.request_erp_permit()
        assert permit.id is not None
        return permit.id

    async def end_erp_calls(self, *calls: UUID, healthy: bool | None = True) -> None:
        await self.send(*(CallPermitRelease(call, healthy) for call in calls))

    async def run_until_idle(self) -> None:
        await self.activation.state.backfill_task
