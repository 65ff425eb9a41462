"""Probes what a tenant's ERP allows; repeated when the result is old or was proved wrong."""

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import structlog

from niochat.adapters import clock
from niochat.domain.errors import NiochatError
from niochat.erp.limited_client import LoadErpSettings
from niochat.ports.erp import ErpCapability, ErpConnector, ErpError
from niochat.runtime.background_tasks import BackgroundTaskSet

_log = structlog.get_logger(__name__)

PROBE_INTERVAL = timedelta(hours=1)
MIN_PROBE_INTERVAL = timedelta(minutes=5)
"""A tenant's ERP is not probed more often than this, whatever its calls say."""
PROBE_TIMEOUT_S = 20.0
_INVALIDATING_CODES = {"erp_missing", "erp_unauthorized"}

SaveCapabilities = Callable[[UUID, frozenset[ErpCapability]], Awaitable[None]]


class CapabilityProber:
    """Probes in the background. The result decides which tools the assistant is offered."""

    def __init__(
        self, erp: ErpConnector, settings_of: LoadErpSettings, remember: SaveCapabilities
    ) -> None:
        self._erp = erp
        self._settings_of = settings_of
        self._remember = remember
        self._tried: dict[UUID, float] = {}
        self._owner = BackgroundTaskSet("erp-probes")

    async def probe_if_due(self, tenant_id: UUID, code: str = "") -> None:
        """A call ended, with an error's ``code``: probe if that or time asks for it."""
        if self._probed_recently(tenant_id):
            return
        settings = await self._settings_of(tenant_id)
        old = settings.probed_at is None or clock.now() - settings.probed_at > PROBE_INTERVAL
        # Calls that ended together all came to here.
        if (old or code in _INVALIDATING_CODES) and not self._probed_recently(tenant_id):
            self._tried[tenant_id] = time.monotonic()
            self._owner.start(self._probe(tenant_id))

    def close(self) -> None:
        """Cancel the probes in progress."""
        self._owner.cancel_all()

    def _probed_recently(self, tenant_id: UUID) -> bool:
        tried = self._tried.get(tenant_id)
        return tried is not None and time.monotonic() - tried < MIN_PROBE_INTERVAL.total_seconds()

    async def _probe(self, tenant_id: UUID) -> None:
        try:
            settings = await self._settings_of(tenant_id)
            found = await self._erp.probe(settings.account, PROBE_TIMEOUT_S)
            await self._remember(tenant_id, found)
        except (ErpError, NiochatError) as error:
            _log.warning("erp_probe_failed", tenant=str(tenant_id), code=error.code)
            return
        _log.info("erp_probed", tenant=str(tenant_id), found=sorted(found))
