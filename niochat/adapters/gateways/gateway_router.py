"""Routes each gateway call to the client of the vendor that the credentials name."""

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

from niochat.adapters.gateways.gateway_vendor import GatewayVendor
from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.adapters.vendor_registry import VendorRegistry
from niochat.domain.conversation.commands import SendStatus
from niochat.domain.errors import OperationRefusedError, UnavailableError
from niochat.ports.gateway import (
    FetchedFile,
    GatewayAdmin,
    GatewayCredentials,
    GatewayInstance,
    GatewaySendResult,
    GatewayServer,
    InstanceStatus,
    OutboundMessage,
    PairingState,
    SentMessageChange,
    WebhookRegistration,
    WhatsAppGateway,
)


class _Closable(Protocol):
    async def close(self) -> None: ...


ClientT = TypeVar("ClientT", bound=_Closable)


class _ClientPool(Generic[ClientT]):
    """One client for each kind, opened by the first call that needs it."""

    def __init__(self, open_client: Callable[[str], ClientT]) -> None:
        self._open_client = open_client
        self._clients: dict[str, ClientT] = {}

    def client_for(self, kind: str) -> ClientT:
        if kind not in self._clients:
            self._clients[kind] = self._open_client(kind)
        return self._clients[kind]

    async def close(self) -> None:
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.close()


class GatewayRouter(WhatsAppGateway):
    """Calls the gateways of all vendors.

    A channel may have a kind that this version does not know, because a newer version stored it.
    Its sends are retried later; every other call raises ``UnavailableError`` (``unknown_kind``).
    """

    def __init__(self, vendors: VendorRegistry[GatewayVendor], guard: SsrfGuard | None) -> None:
        """Without a ``guard`` any address may be reached."""
        self._vendors = vendors
        self._pool: _ClientPool[WhatsAppGateway] = _ClientPool(
            lambda kind: vendors.require_stored(kind).open_client(guard)
        )

    async def send(
        self,
        credentials: GatewayCredentials,
        number: str,
        outgoing: OutboundMessage | SentMessageChange,
        track_id: str,
        timeout_s: float,
    ) -> GatewaySendResult:
        """Send once through the channel's gateway."""
        try:
            client = self._pool.client_for(credentials.kind)
        except UnavailableError as error:
            return GatewaySendResult(SendStatus.RETRY, code=error.code, hold_reason=error.code)
        return await client.send(credentials, number, outgoing, track_id, timeout_s)

    async def find_by_track_id(self, credentials: GatewayCredentials, track_id: str) -> str | None:
        """The external id of a sent message, or ``None``.

        Raises ``UnavailableError`` (``unsupported``) if the vendor has no such lookup: ``None``
        would claim that the message was not sent.
        """
        if not self._vendors.require_stored(credentials.kind).finds_sent_messages:
            raise UnavailableError("the gateway cannot look messages up", code="unsupported")
        return await self._pool.client_for(credentials.kind).find_by_track_id(credentials, track_id)

    async def fetch_file(
        self, credentials: GatewayCredentials, external_id: str, most_bytes: int
    ) -> FetchedFile | None:
        """The file of a message; ``None`` if the gateway no longer has it."""
        return await self._pool.client_for(credentials.kind).fetch_file(
            credentials, external_id, most_bytes
        )

    async def list_messages(
        self, credentials: GatewayCredentials, limit: int, offset: int
    ) -> Sequence[Mapping[str, object]]:
        """Stored messages; empty if the vendor lists none."""
        if not self._vendors.require_stored(credentials.kind).lists_messages:
            return ()
        return await self._pool.client_for(credentials.kind).list_messages(
            credentials, limit, offset
        )

    async def fetch_status(self, credentials: GatewayCredentials) -> InstanceStatus:
        """The state of the instance."""
        return await self._pool.client_for(credentials.kind).fetch_status(credentials)

    async def set_webhook(self, credentials: GatewayCredentials, url: str) -> None:
        """Have the instance post to ``url``."""
        await self._pool.client_for(credentials.kind).set_webhook(credentials, url)

    async def close(self) -> None:
        """Close all clients."""
        await self._pool.close()


class GatewayAdminRouter(GatewayAdmin):
    """Administers the gateways of all vendors.

    Raises ``OperationRefusedError`` (``gateway_unsupported``) if a vendor has no administration.
    """

    def __init__(self, vendors: VendorRegistry[GatewayVendor], guard: SsrfGuard | None) -> None:
        """Without a ``guard`` any address may be reached."""
        self._vendors = vendors
        self._guard = guard
        self._pool: _ClientPool[GatewayAdmin] = _ClientPool(self._open_admin)

    async def list_instances(self, server: GatewayServer) -> Sequence[GatewayInstance]:
        """All instances of the server."""
        return await self._pool.client_for(server.kind).list_instances(server)

    async def create_instance(self, server: GatewayServer, name: str, mark: str) -> GatewayInstance:
        """Create an instance."""
        return await self._pool.client_for(server.kind).create_instance(server, name, mark)

    async def start_pairing(
        self, credentials: GatewayCredentials, phone: str | None
    ) -> PairingState:
        """Begin to pair a phone."""
        return await self._pool.client_for(credentials.kind).start_pairing(credentials, phone)

    async def get_pairing(self, credentials: GatewayCredentials) -> PairingState:
        """The state of the pairing in progress."""
        return await self._pool.client_for(credentials.kind).get_pairing(credentials)

    async def disconnect(self, credentials: GatewayCredentials) -> None:
        """Log the phone out."""
        await self._pool.client_for(credentials.kind).disconnect(credentials)

    async def list_webhooks(self, credentials: GatewayCredentials) -> Sequence[WebhookRegistration]:
        """The webhooks of the instance."""
        return await self._pool.client_for(credentials.kind).list_webhooks(credentials)

    async def close(self) -> None:
        """Close all clients."""
        await self._pool.close()

    def _open_admin(self, kind: str) -> GatewayAdmin:
        vendor = self._vendors.require_stored(kind)
        if vendor.open_admin is None:
            raise OperationRefusedError(
                f"{vendor.display_name} cannot be administered from here. Use its own site.",
                code="gateway_unsupported",
            )
        return vendor.open_admin(self._guard)
