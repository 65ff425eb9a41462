"""Administers Uazapi instances (Uazapi reference 2.1 and 2.2)."""

import re
from collections.abc import Mapping, Sequence

import aiohttp

from niochat.adapters.gateways.uazapi.parsing.json_fields import (
    read_flag,
    read_list,
    read_object,
    read_text,
)
from niochat.adapters.gateways.uazapi.transport import UazapiTransport, describe_error
from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.domain.errors import OperationRefusedError, UnavailableError
from niochat.ports.gateway import (
    GatewayAdmin,
    GatewayCredentials,
    GatewayInstance,
    GatewayServer,
    PairingState,
    WebhookRegistration,
)

_CONNECTIONS = 20
_TIMEOUT_S = 15.0
_PICTURE = re.compile(r"data:image/[a-z+]{2,10};base64,[A-Za-z0-9+/=]{16,200000}")
_CODE = re.compile(r"[A-Z0-9]{4}-?[A-Z0-9]{4}")


class UazapiAdmin(GatewayAdmin):
    """Creates, pairs and disconnects instances. It has a connection pool of its own, so that its
    users do not wait for sends.
    """

    def __init__(self, timeout_s: float = _TIMEOUT_S, guard: SsrfGuard | None = None) -> None:
        """Without a ``guard`` any address may be reached."""
        self._timeout_s = timeout_s
        self._transport = UazapiTransport(_CONNECTIONS, guard)

    async def close(self) -> None:
        """Close the pool."""
        await self._transport.close()

    async def list_instances(self, server: GatewayServer) -> Sequence[GatewayInstance]:
        """All instances of a server."""
        rows = await self._administer(server, "GET", "/instance/all")
        if not isinstance(rows, list):
            raise UnavailableError("the gateway's list of instances is none", code="gateway")
        return [_instance(read_object(row)) for row in read_list(rows)]

    async def create_instance(self, server: GatewayServer, name: str, mark: str) -> GatewayInstance:
        """Create an instance. Builds differ in where the response has the new token."""
        body = {"name": name, "systemName": "niochat", "adminField01": mark}
        response = read_object(await self._administer(server, "POST", "/instance/init", body))
        instance = read_object(response.get("instance"))
        token = read_text(instance.get("token")) or read_text(response.get("token"))
        if not token:
            raise UnavailableError(
                "the gateway made an instance and names no token", code="gateway"
            )
        return GatewayInstance(name, token, mark, _status(instance))

    async def start_pairing(
        self, credentials: GatewayCredentials, phone: str | None
    ) -> PairingState:
        """Start pairing. Raises ``gateway_conflict`` if pairing is in progress or done."""
        body = {"phone": phone} if phone else {}
        return _pairing(await self._ask(credentials, "POST", "/instance/connect", body))

    async def get_pairing(self, credentials: GatewayCredentials) -> PairingState:
        """The pairing state that the instance shows."""
        return _pairing(await self._ask(credentials, "GET", "/instance/status"))

    async def disconnect(self, credentials: GatewayCredentials) -> None:
        """Log the phone out; it must be paired again."""
        await self._ask(credentials, "POST", "/instance/disconnect", {})

    async def list_webhooks(self, credentials: GatewayCredentials) -> Sequence[WebhookRegistration]:
        """All webhooks of the instance. Some builds return a single one as an object."""
        response = await self._ask(credentials, "GET", "/webhook")
        rows = read_list(response) if isinstance(response, list) else [response]
        return [_webhook(row) for row in map(read_object, rows) if row]

    async def _administer(
        self,
        server: GatewayServer,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
    ) -> object:
        headers = {"admintoken": server.admin_token}
        return await self._exchange(server.base_url, headers, method, path, body)

    async def _ask(
        self,
        credentials: GatewayCredentials,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
    ) -> object:
        return await self._exchange(
            credentials.base_url, {"token": credentials.token}, method, path, body
        )

    async def _exchange(
        self,
        base_url: str,
        headers: Mapping[str, str],
        method: str,
        path: str,
        body: Mapping[str, object] | None,
    ) -> object:
        url = base_url.rstrip("/") + path
        try:
            response = await self._transport.call(method, url, headers, body, self._timeout_s)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise UnavailableError(
                f"the gateway did not answer: {describe_error(error)}", code="gateway"
            ) from error
        if 200 <= response.status < 300 and response.body is not None:
            return response.body
        raise _refusal(response.status, path)


def _refusal(status: int, path: str) -> OperationRefusedError | UnavailableError:
    match status:
        case 401 | 403:
            return OperationRefusedError(
                "the gateway does not take the token", code="gateway_token"
            )
        case 409:
            return OperationRefusedError(
                "the gateway is at it, or has done it", code="gateway_conflict"
            )
        case 429:
            return UnavailableError("the gateway takes no more instances now", code="gateway_full")
        case _:
            return UnavailableError(f"the gateway answered {path} with {status}", code="gateway")


def _instance(row: Mapping[str, object]) -> GatewayInstance:
    return GatewayInstance(
        read_text(row.get("name")),
        read_text(row.get("token")),
        read_text(row.get("adminField01")),
        _status(row),
    )


def _status(instance: Mapping[str, object]) -> str:
    return read_text(instance.get("status")).strip().lower() or "unknown"


def _pairing(body: object) -> PairingState:
    """Parse the pairing state. Only a valid picture or code is kept, because a browser shows it."""
    instance = read_object(read_object(body).get("instance"))
    qrcode, code = read_text(instance.get("qrcode")), read_text(instance.get("paircode"))
    return PairingState(
        "connected" if read_flag(read_object(body).get("connected")) else _status(instance),
        qrcode if _PICTURE.fullmatch(qrcode) else "",
        code if _CODE.fullmatch(code) else "",
    )


def _webhook(row: Mapping[str, object]) -> WebhookRegistration:
    return WebhookRegistration(
        bool(read_flag(row.get("enabled"))),
        read_text(row.get("url")),
        tuple(read_text(each) for each in read_list(row.get("events"))),
        tuple(read_text(each) for each in read_list(row.get("excludeMessages"))),
    )
