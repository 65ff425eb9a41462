"""The ERP's pool: an autoscaled Serve deployment in front of the providers' systems."""

import asyncio
from typing import Any
from uuid import UUID

from ray import serve

from niochat import telemetry
from niochat.actors import kinds
from niochat.actors.cluster_nodes import Part, actor_options
from niochat.actors.gateway import HostGateway
from niochat.actors.pools import ERP_DEPLOYMENT, SCALING
from niochat.config import Settings
from niochat.domain.erp import Read, WriteOrder
from niochat.erp.permits import CallEnded, LeaseCall, Permit
from niochat.erp.report import ErpReply
from niochat.erp.service import ErpService
from niochat.runtime import garbage
from niochat.wiring.erp import build_erp
from niochat.wiring.parts import open_parts


class ErpReplica:
    """One process of the pool."""

    def __init__(self) -> None:
        self._settings = Settings.read()
        telemetry.set_up_logs(self._settings.log, json=True)
        self._service: ErpService | None = None
        self._starting = asyncio.Lock()

    async def read(self, tenant_id: UUID, request: Read[Any]) -> ErpReply:
        """A question to the tenant's ERP."""
        return await (await self._started()).read(tenant_id, request)

    async def write(self, tenant_id: UUID, order: WriteOrder) -> ErpReply:
        """A write to the tenant's ERP, at most once whoever asks how often."""
        return await (await self._started()).write(tenant_id, order)

    async def ping(self) -> bool:
        """Whether a replica answers."""
        return True

    async def _started(self) -> ErpService:
        async with self._starting:
            if self._service is None:
                parts = await open_parts(self._settings)
                self._service = build_erp(parts, *_tenants(HostGateway(parts.database)))
                garbage.settle_in()
            return self._service


def _tenants(hosts: HostGateway) -> tuple[Any, Any]:
    """How the tenant's actor is asked for a place, and told that it is free again."""

    async def ask(tenant_id: UUID, lease: LeaseCall) -> Permit:
        permit = await hosts.ask(kinds.tenant(tenant_id), lease)
        assert isinstance(permit, Permit)
        return permit

    async def tell(tenant_id: UUID, ended: CallEnded) -> None:
        await hosts.tell(kinds.tenant(tenant_id), ended)

    return ask, tell


erp = serve.deployment(
    name=ERP_DEPLOYMENT,
    max_ongoing_requests=1000,  # they wait in the fair line of the replica, not before it
    health_check_period_s=10,
    graceful_shutdown_timeout_s=40,  # a write that has left should hear its answer
    ray_actor_options=actor_options(Part.POOLS, 0.1),
    autoscaling_config=SCALING,
)(ErpReplica).bind()
