"""Probes the capabilities of a tenant's ERP, again if the result is old or proved wrong."""

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
"""A tenant's ERP is not probed more often than this, whatever errors its calls return."""
PROBE_TIMEOUT_S = 20.0
_INVALIDATING_CODES = {"erp_missing", "erp_unauthorized"}

SaveCapabilities = Callable[[UUID, frozenset[ErpCapability]], Awaitable[None]]


class CapabilityProber:
    """Probes in the background. The result decides which tools the assistant is offered."""

    def __init__(
        self, erp: ErpConnector, settings_of: LoadErpSettings, save_capabilities: SaveCapabilities
    ) -> None:
        self._erp = erp
        self._settings_of = settings_of
        self._save_capabilities = save_capabilities
        self._last_probed_at: dict[UUID, float] = {}
        self._background = BackgroundTaskSet("erp-probes")

    async def probe_if_due(self, tenant_id: UUID, code: str = "") -> None:
        """Start a probe after a call if its error ``code`` or the age of the result asks for it."""
        if self._probed_recently(tenant_id):
            return
        settings = await self._settings_of(tenant_id)
        is_stale = settings.probed_at is None or clock.now() - settings.probed_at > PROBE_INTERVAL
        # Several calls may have ended together and got here, so check again.
        if (is_stale or code in _INVALIDATING_CODES) and not self._probed_recently(tenant_id):
            self._last_probed_at[tenant_id] = time.monotonic()
            self._background.start(self._probe(tenant_id))

    def close(self) -> None:
        """Cancel the probes in progress."""
        self._background.cancel_all()

    def _probed_recently(self, tenant_id: UUID) -> bool:
        last = self._last_probed_at.get(tenant_id)
        return last is not None and time.monotonic() - last < MIN_PROBE_INTERVAL.total_seconds()

    async def _probe(self, tenant_id: UUID) -> None:
        try:
            settings = await self._settings_of(tenant_id)
            capabilities = await self._erp.probe(settings.account, PROBE_TIMEOUT_S)
            await self._save_capabilities(tenant_id, capabilities)
        except (ErpError, NiochatError) as error:
            _log.warning("erp_probe_failed", tenant=str(tenant_id), code=error.code)
            return
        _log.info("erp_probed", tenant=str(tenant_id), found=sorted(capabilities))
