"""The ERP's service of one process."""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any
from uuid import UUID

from niochat.adapters.redis.shelf import Shelf
from niochat.adapters.sgp.client import Sgp
from niochat.domain.erp import (
    ErpConnector,
    ErpError,
    ErpRead,
    ErpWriteResult,
    IdempotentErpWrite,
    ResultT,
)
from niochat.erp.answers import Answers
from niochat.erp.calls import AskTenant, Calls, ErpSettings, TellTenant
from niochat.erp.journal import Journal
from niochat.erp.probe import Prober
from niochat.erp.reconcile import Reconciler
from niochat.erp.service import ErpService
from niochat.erp.writes import Writes
from niochat.wiring.parts import Parts

SHELF_S = 30
"""How old an answer of the ERP may be."""


def build_erp(parts: Parts, ask: AskTenant, tell: TellTenant) -> ErpService:
    """The service on the parts of its process; ``ask`` and ``tell`` reach the tenant's actor."""
    erp: ErpConnector = Sgp(guard=parts.guard)
    settings_of = settings_by(parts)
    shelf = Shelf(parts.settings.redis_url.get_secret_value(), ttl_s=SHELF_S)
    secret = sha256(parts.settings.vault_keys.get_secret_value().encode()).digest()
    calls = Calls(erp, settings_of, Answers(shelf, parts.vault, secret), ask, tell)
    prober = Prober(erp, settings_of, parts.directory.remember_capabilities)
    journal = Journal(parts.database)
    return ErpService(calls, Writes(erp, calls, journal), prober, Reconciler(calls, journal))


def settings_by(parts: Parts) -> Callable[[UUID], Awaitable[ErpSettings]]:
    """Looks a tenant's ERP up; raises ``ErpError`` with code ``erp_none``."""

    async def settings_of(tenant_id: UUID) -> ErpSettings:
        found = await parts.directory.erp(tenant_id)
        if found is None:
            raise ErpError("this provider has no ERP", code="erp_none", left=False)
        return ErpSettings(
            found.account, found.timeout_s, found.capabilities, found.probed_at,
            found.calls_at_once, found.weight,
        )  # fmt: skip

    return settings_of


class ErpInProcess:
    """The ERP's service as the assistant knows it, where both share a process."""

    def __init__(self, service: ErpService) -> None:
        self._service = service

    async def read(self, tenant_id: UUID, request: ErpRead[ResultT]) -> ResultT:
        """Raises ``ErpError`` or ``ErpRefusedError``."""
        answer: Any = (await self._service.read(tenant_id, request)).result()
        return answer  # type: ignore[no-any-return]

    async def write(self, tenant_id: UUID, order: IdempotentErpWrite) -> ErpWriteResult:
        """Raises ``Refused``, ``ErpError`` or ``ErpRefusedError``."""
        result: Any = (await self._service.write(tenant_id, order)).result()
        return result  # type: ignore[no-any-return]
