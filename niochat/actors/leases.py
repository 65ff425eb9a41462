"""Turns that the tenant actors granted to this host, used up one by one."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog

from niochat.actors import kinds
from niochat.actors.tenant import Grant, LeaseTurns
from niochat.domain.errors import NiochatError
from niochat.runtime.address import Address

_log = structlog.get_logger(__name__)

AskActor = Callable[[Address, object], Awaitable[object]]
"""Asks a virtual actor wherever it lives."""


class Leases:
    """Blocks of turns by tenant. When the tenant's actor is away, turns go on without it."""

    def __init__(self, ask: AskActor) -> None:
        self._ask = ask
        self._left: dict[UUID, int] = {}

    async def take(self, tenant_id: UUID) -> float:
        """Use one turn: 0, or the seconds to wait before asking again."""
        if self._left.get(tenant_id, 0) <= 0:
            wait_s = await self._renew(tenant_id)
            if wait_s > 0:
                return wait_s
        self._left[tenant_id] = self._left.get(tenant_id, 0) - 1
        return 0.0

    def drop(self, tenant_id: UUID) -> None:
        """The tenant was throttled: what was granted before does not count any more."""
        self._left.pop(tenant_id, None)

    async def _renew(self, tenant_id: UUID) -> float:
        try:
            grant = await self._ask(kinds.tenant(tenant_id), LeaseTurns())
        except NiochatError as error:
            _log.warning("lease_not_asked", tenant=str(tenant_id), code=error.code)
            grant = Grant(1, 0.0)  # a rate is not worth an unanswered customer
        assert isinstance(grant, Grant)
        self._left[tenant_id] = self._left.get(tenant_id, 0) + grant.turns
        return 0.0 if grant.turns else max(grant.wait_s, 0.05)
