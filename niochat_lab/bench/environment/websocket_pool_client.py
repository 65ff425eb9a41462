"""The client of the WebSocket client pool, and the logins for its sockets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from argon2 import PasswordHasher

from niochat.adapters import clock
from niochat.composition.components import open_components
from niochat.composition.identity_services import IdentityServices, build_identity_services
from niochat.domain.errors import UnavailableError
from niochat.domain.permissions import BuiltInRole
from niochat.http.live.live_endpoint import MAX_CONNECTIONS_PER_USER
from niochat.http.rest.dependencies import ACCESS_COOKIE
from niochat.identity.login.passwords import PasswordService
from niochat.identity.sessions import SignInDevice
from niochat.identity.users import NewUser
from niochat_lab.bench.environment.bench_environment import BenchEnvironment
from niochat_lab.bench.environment.bench_tenants import BenchTenant
from niochat_lab.bench.measurement.event_audit import ClientRecording

_PASSWORD = "only for a bench"
_DEVICE = SignInDevice("127.0.0.1", "niochat bench")
CHEAP_HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
"""Logins are not measured here, so that their hash may be cheap."""


@dataclass(frozen=True, slots=True)
class SocketLogin:
    """The tenant of one socket, and the cookie that authenticates it."""

    tenant: str
    cookie: str


@dataclass(frozen=True, slots=True)
class ConnectResult:
    """The result of a simultaneous connect: start, end, missing clients and failed attempts by
    reason.
    """

    began: float
    ended: float
    absent: int
    failed: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """The result as JSON."""
        return {
            "welcomed_within_s": round(self.ended - self.began, 2),
            "absent": self.absent,
            "failed": sum(self.failed.values()),
            "failed_by": dict(self.failed),
        }


async def create_socket_logins(
    environment: BenchEnvironment, tenants: Mapping[str, BenchTenant], sockets: int
) -> list[SocketLogin]:
    """Create logins for each tenant, with as few users as the limit allows. The users see all
    events.
    """
    components = await open_components(environment.settings())
    try:
        base_url, sender = components.settings.base_url, components.settings.mail_from
        access = build_identity_services(
            components.database, components.vault, base_url, sender, PasswordService(CHEAP_HASHER)
        )
        found: list[SocketLogin] = []
        for tenant in tenants.values():
            users = -(-sockets // MAX_CONNECTIONS_PER_USER)
            cookies = [
                await create_login_cookie(
                    access,
                    tenant,
                    f"screen-{number}@{tenant.slug}.example.com",
                    BuiltInRole.VIEWER,
                )
                for number in range(users)
            ]
            found += [SocketLogin(tenant.slug, cookies[each % users]) for each in range(sockets)]
        return found
    finally:
        await components.close()


async def create_login_cookie(
    access: IdentityServices, tenant: BenchTenant, login: str, role: BuiltInRole
) -> str:
    """Create a user of the tenant and sign in; return the cookie that authenticates requests."""
    hashed = await PasswordService(CHEAP_HASHER).hash_password(_PASSWORD)
    await access.users.create_initial(tenant.tenant_id, NewUser(login, login, role), hashed)
    tokens = await access.sessions.log_in(login, _PASSWORD, None, _DEVICE, clock.now())
    return f"{ACCESS_COOKIE}={tokens.access}"


class WebSocketPoolClient:
    """Controls the client pool. Raises ``UnavailableError`` if its process is gone."""

    def __init__(self, environment: BenchEnvironment) -> None:
        self._url = environment.url.replace("http://", "ws://") + "/live"
        self._http = httpx.AsyncClient(
            base_url=environment.websocket_clients_url, timeout=None, trust_env=False
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def open(self, logins: Sequence[SocketLogin], within_s: float) -> ConnectResult:
        """Connect all clients at once."""
        screens = [{"name": login.tenant, "cookie": login.cookie} for login in logins]
        job = {"url": self._url, "within_s": within_s, "screens": screens}
        return ConnectResult(**await self._request("POST", "/sandbox/open", job))

    async def cut(self) -> float:
        """Cut all sockets without a close frame; return the time."""
        return float((await self._request("POST", "/sandbox/cut"))["at"])

    async def reconnect(self, within_s: float) -> ConnectResult:
        """Reconnect all clients at once, each with its last position."""
        return ConnectResult(
            **await self._request("POST", "/sandbox/return", {"within_s": within_s})
        )

    async def list_recordings(self) -> list[ClientRecording]:
        """Return the frames that each client received since it was opened."""
        found = await self._request("GET", "/sandbox/heard")
        positions = found["positions"]
        return [
            ClientRecording(
                each["name"],
                [(positions[index], at) for index, at in each["heard"]],
                [(at, caught_up) for at, caught_up in each["welcomed"]],
            )
            for each in found["screens"]
        ]

    async def _request(self, method: str, path: str, job: object = None) -> dict[str, Any]:
        try:
            response = await self._http.request(method, path, json=job)
        except httpx.HTTPError as error:
            raise UnavailableError(f"the client pool is gone: {error!r}; see its log") from error
        if response.status_code != 200:
            raise UnavailableError(f"the client pool rejected {path}: {response.text[:300]}")
        found: dict[str, Any] = response.json()
        return found
