"""Builds the ERP service of a process."""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any
from uuid import UUID

from niochat.adapters.erps.erp_router import ErpRouter
from niochat.adapters.erps.registry import ERPS
from niochat.adapters.redis.redis_cache import RedisCache
from niochat.composition.components import Components
from niochat.erp.capability_probe import CapabilityProber
from niochat.erp.erp_service import ErpService
from niochat.erp.limited_client import (
    ErpSettings,
    LimitedErpClient,
    ReleasePermit,
    RequestPermit,
)
from niochat.erp.read_cache import ErpReadCache
from niochat.erp.rpc_reply import ErpReadOptions, timed_read_from_reply
from niochat.erp.write_executor import ErpWriteExecutor
from niochat.erp.write_journal import ErpWriteJournal
from niochat.erp.write_reconciler import WriteReconciler
from niochat.ports.erp import (
    ErpConnector,
    ErpError,
    ErpRead,
    ErpWriteResult,
    IdempotentErpWrite,
    ResultT,
    TimedErpRead,
)

READ_CACHE_TTL_S = 30
"""The maximum age of a cached result of the ERP."""


def build_erp_service(
    components: Components, request_permit: RequestPermit, release_permit: ReleasePermit
) -> ErpService:
    """Build the service. ``request_permit`` and ``release_permit`` call the tenant's actor."""
    erp = open_erp(components)
    settings_of = make_erp_settings_lookup(components)
    cache = RedisCache(components.settings.redis_url.get_secret_value(), ttl_s=READ_CACHE_TTL_S)
    secret = sha256(components.settings.vault_keys.get_secret_value().encode()).digest()
    read_cache = ErpReadCache(cache, components.vault, secret)
    calls = LimitedErpClient(
        erp,
        settings_of,
        read_cache,
        request_permit,
        release_permit,
    )
    prober = CapabilityProber(erp, settings_of, components.directory.save_capabilities)
    journal = ErpWriteJournal(components.database)
    return ErpService(
        calls, ErpWriteExecutor(erp, calls, journal), prober, WriteReconciler(calls, journal)
    )


def open_erp(components: Components) -> ErpConnector:
    """Open the client of all ERPs. The caller closes it."""
    return ErpRouter(ERPS, components.ssrf_guard)


def make_erp_settings_lookup(components: Components) -> Callable[[UUID], Awaitable[ErpSettings]]:
    """Returns a function that looks up a tenant's ERP. It raises ``ErpError`` (``erp_none``)."""

    async def settings_of(tenant_id: UUID) -> ErpSettings:
        erp = await components.directory.erp(tenant_id)
        if erp is None:
            raise ErpError("this provider has no ERP", code="erp_none", left=False)
        return ErpSettings(
            erp.account,
            erp.timeout_s,
            erp.capabilities,
            erp.probed_at,
            erp.calls_at_once,
            erp.weight,
        )

    return settings_of


class InProcessErpClient:
    """Calls an ERP service in the same process."""

    def __init__(self, service: ErpService) -> None:
        self._service = service

    async def read(self, tenant_id: UUID, request: ErpRead[ResultT]) -> ResultT:
        """Read from the ERP or the cache. Raises ``ErpError`` or ``ErpRefusedError``."""
        result: Any = (await self._service.read(tenant_id, request)).unwrap()
        return result  # type: ignore[no-any-return]

    async def read_timed(
        self, tenant_id: UUID, request: ErpRead[ResultT], max_age_s: float | None = None
    ) -> TimedErpRead[ResultT]:
        """The same with the time at which the ERP gave the result."""
        options = ErpReadOptions(max_age_s, for_agent=True)
        return timed_read_from_reply(await self._service.read(tenant_id, request, options))

    async def verify_write(self, tenant_id: UUID, key: str) -> None:
        """Look in the ERP for a write whose outcome is unknown, and settle it if it is found."""
        (await self._service.verify_write(tenant_id, key)).unwrap()

    async def write(self, tenant_id: UUID, order: IdempotentErpWrite) -> ErpWriteResult:
        """Write once. Raises ``OperationRefusedError``, ``ErpError`` or ``ErpRefusedError``."""
        result: Any = (await self._service.write(tenant_id, order)).unwrap()
        return result  # type: ignore[no-any-return]
