"""Instances of Uazapi: made, paired, logged out, looked at (Uazapi reference 2.1 and 2.2)."""

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
    """Over a pool of its own: what people wait for does not wait for sends."""

    def __init__(self, timeout_s: float = _TIMEOUT_S, guard: SsrfGuard | None = None) -> None:
        """Without a ``guard`` any address may be reached."""
        self._timeout_s = timeout_s
        self._wire = UazapiTransport(_CONNECTIONS, guard)

    async def close(self) -> None:
        """Close the pool."""
        await self._wire.close()

    async def list_instances(self, server: GatewayServer) -> Sequence[GatewayInstance]:
        """All of a server's."""
        found = await self._administer(server, "GET", "/instance/all")
        if not isinstance(found, list):
            raise UnavailableError("the gateway's list of instances is none", code="gateway")
        return [_instance(read_object(each)) for each in read_list(found)]

    async def create_instance(self, server: GatewayServer, name: str, mark: str) -> GatewayInstance:
        """The answer's own token, or its instance's: builds differ."""
        body = {"name": name, "systemName": "niochat", "adminField01": mark}
        answer = read_object(await self._administer(server, "POST", "/instance/init", body))
        made = read_object(answer.get("instance"))
        token = read_text(made.get("token")) or read_text(answer.get("token"))
        if not token:
            raise UnavailableError(
                "the gateway made an instance and names no token", code="gateway"
            )
        return GatewayInstance(name, token, mark, _status(made))

    async def start_pairing(
        self, credentials: GatewayCredentials, phone: str | None
    ) -> PairingState:
        """Once; ``gateway_conflict`` where it is under way, or done."""
        body = {"phone": phone} if phone else {}
        return _pairing(await self._ask(credentials, "POST", "/instance/connect", body))

    async def get_pairing(self, credentials: GatewayCredentials) -> PairingState:
        """As the instance shows it."""
        return _pairing(await self._ask(credentials, "GET", "/instance/status"))

    async def disconnect(self, credentials: GatewayCredentials) -> None:
        """The phone has to pair anew."""
        await self._ask(credentials, "POST", "/instance/disconnect", {})

    async def list_webhooks(self, credentials: GatewayCredentials) -> Sequence[WebhookRegistration]:
        """Some builds answer one object where there is one."""
        found = await self._ask(credentials, "GET", "/webhook")
        listed = read_list(found) if isinstance(found, list) else [found]
        return [_webhook(each) for each in map(read_object, listed) if each]

    async def _administer(
        self,
        server: GatewayServer,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
    ) -> object:
        secret = {"admintoken": server.admin_token}
        return await self._exchange(server.base_url, secret, method, path, body)

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
        secret: Mapping[str, str],
        method: str,
        path: str,
        body: Mapping[str, object] | None,
    ) -> object:
        url = base_url.rstrip("/") + path
        try:
            answer = await self._wire.call(method, url, secret, body, self._timeout_s)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise UnavailableError(
                f"the gateway did not answer: {describe_error(error)}", code="gateway"
            ) from error
        if 200 <= answer.status < 300 and answer.body is not None:
            return answer.body
        raise _refusal(answer.status, path)


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


def _instance(found: Mapping[str, object]) -> GatewayInstance:
    return GatewayInstance(
        read_text(found.get("name")),
        read_text(found.get("token")),
        read_text(found.get("adminField01")),
        _status(found),
    )


def _status(instance: Mapping[str, object]) -> str:
    return read_text(instance.get("status")).strip().lower() or "unknown"


def _pairing(answer: object) -> PairingState:
    """Only what is a picture or a code: it goes on to somebody's browser."""
    instance = read_object(read_object(answer).get("instance"))
    qrcode, code = read_text(instance.get("qrcode")), read_text(instance.get("paircode"))
    return PairingState(
        "connected" if read_flag(read_object(answer).get("connected")) else _status(instance),
        qrcode if _PICTURE.fullmatch(qrcode) else "",
        code if _CODE.fullmatch(code) else "",
    )


def _webhook(found: Mapping[str, object]) -> WebhookRegistration:
    return WebhookRegistration(
        bool(read_flag(found.get("enabled"))),
        read_text(found.get("url")),
        tuple(read_text(each) for each in read_list(found.get("events"))),
        tuple(read_text(each) for each in read_list(found.get("excludeMessages"))),
    )
