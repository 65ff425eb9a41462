"""Routes each ERP call to the client of the vendor that the account names."""

from niochat.adapters.erps.erp_vendor import ErpVendor
from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.adapters.vendor_registry import VendorRegistry
from niochat.domain.errors import InvalidInputError
from niochat.ports.erp import (
    ErpAccount,
    ErpCapability,
    ErpConnector,
    ErpError,
    ErpRead,
    ErpWrite,
    ErpWriteReceipt,
    ResultT,
)


class ErpRouter(ErpConnector):
    """Calls the ERPs of all vendors; opens a vendor's client on the first call that needs it.

    An account may have a kind that this version does not know, because a newer version stored it.
    Every call for it then raises ``ErpError`` (``erp_unknown_kind``) and sends nothing.
    """

    def __init__(self, vendors: VendorRegistry[ErpVendor], guard: SsrfGuard | None) -> None:
        """Without a ``guard`` any address may be reached."""
        self._vendors = vendors
        self._guard = guard
        self._clients: dict[str, ErpConnector] = {}

    async def read(
        self, account: ErpAccount, request: ErpRead[ResultT], timeout_s: float
    ) -> ResultT:
        """Read once from the account's ERP."""
        return await self._client_for(account).read(account, request, timeout_s)

    async def write(
        self, account: ErpAccount, request: ErpWrite, timeout_s: float
    ) -> ErpWriteReceipt:
        """Execute the write once in the account's ERP."""
        return await self._client_for(account).write(account, request, timeout_s)

    async def probe(self, account: ErpAccount, timeout_s: float) -> frozenset[ErpCapability]:
        """Return the capabilities of the account's ERP."""
        return await self._client_for(account).probe(account, timeout_s)

    async def close(self) -> None:
        """Close all clients."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.close()

    def _client_for(self, account: ErpAccount) -> ErpConnector:
        if account.kind not in self._clients:
            try:
                vendor = self._vendors.require(account.kind)
            except InvalidInputError as error:
                raise ErpError(str(error), code="erp_unknown_kind", left=False) from None
            self._clients[account.kind] = vendor.open_client(self._guard)
        return self._clients[account.kind]
