"""The screens of a bench: users who are signed in, and the process that holds their sockets."""

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
_CHEAP_HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
"""It is sockets that are measured, not log-ins."""


@dataclass(frozen=True, slots=True)
class SocketLogin:
    """One socket to be: whose, and the cookie that signs it in."""

    tenant: str
    cookie: str


@dataclass(frozen=True, slots=True)
class ConnectResult:
    """All came at once: from when to when, who did not, and attempts that failed, by reason."""

    began: float
    ended: float
    absent: int
    failed: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "welcomed_within_s": round(self.ended - self.began, 2),
            "absent": self.absent,
            "failed": sum(self.failed.values()),
            "failed_by": dict(self.failed),
        }


async def create_socket_logins(
    stage: BenchEnvironment, tenants: Mapping[str, BenchTenant], sockets: int
) -> list[SocketLogin]:
    """So many for each tenant, as few users as may have them. A user of each sees everything."""
    parts = await open_components(stage.settings())
    try:
        base_url, sender = parts.settings.base_url, parts.settings.mail_from
        access = build_identity_services(
            parts.database, parts.vault, base_url, sender, PasswordService(_CHEAP_HASHER)
        )
        found: list[SocketLogin] = []
        for tenant in tenants.values():
            users = -(-sockets // MAX_CONNECTIONS_PER_USER)
            cookies = [
                await _create_login_cookie(access, tenant, number) for number in range(users)
            ]
            found += [SocketLogin(tenant.slug, cookies[each % users]) for each in range(sockets)]
        return found
    finally:
        await parts.close()


async def _create_login_cookie(access: IdentityServices, tenant: BenchTenant, number: int) -> str:
    login = f"screen-{number}@{tenant.slug}.example.com"
    hashed = await PasswordService(_CHEAP_HASHER).hash_password(_PASSWORD)
    await access.users.create_initial(
        tenant.tenant_id, NewUser(login, login, BuiltInRole.VIEWER), hashed
    )
    tokens = await access.sessions.log_in(login, _PASSWORD, None, _DEVICE, clock.now())
    return f"{ACCESS_COOKIE}={tokens.access}"


class WebSocketPoolClient:
    """Tells the process of the screens what to do. Raises `UnavailableError` when it is gone."""

    def __init__(self, stage: BenchEnvironment) -> None:
        self._url = stage.url.replace("http://", "ws://") + "/live"
        self._http = httpx.AsyncClient(
            base_url=stage.websocket_clients_url, timeout=None, trust_env=False
        )

    async def close(self) -> None:
        """Close connections."""
        await self._http.aclose()

    async def open(self, seats: Sequence[SocketLogin], within_s: float) -> ConnectResult:
        """All of them, at once."""
        screens = [{"name": seat.tenant, "cookie": seat.cookie} for seat in seats]
        job = {"url": self._url, "within_s": within_s, "screens": screens}
        return ConnectResult(**await self._request("POST", "/sandbox/open", job))

    async def cut(self) -> float:
        """All sockets, without a word; when that was."""
        return float((await self._request("POST", "/sandbox/cut"))["at"])

    async def reconnect(self, within_s: float) -> ConnectResult:
        """All of them, at once, each with the position it knows."""
        return ConnectResult(
            **await self._request("POST", "/sandbox/return", {"within_s": within_s})
        )

    async def list_recordings(self) -> list[ClientRecording]:
        """What each of them heard since it was opened."""
        found = await self._request("GET", "/sandbox/heard")
        positions = found["positions"]
        return [
            ClientRecording(
                each["name"],
                [(positions[place], at) for place, at in each["heard"]],
                [(at, caught_up) for at, caught_up in each["welcomed"]],
            )
            for each in found["screens"]
        ]

    async def _request(self, method: str, path: str, job: object = None) -> dict[str, Any]:
        try:
            answer = await self._http.request(method, path, json=job)
        except httpx.HTTPError as error:
            raise UnavailableError(f"the screens are gone: {error!r}; see their log") from error
        if answer.status_code != 200:
            raise UnavailableError(f"the screens refuse {path}: {answer.text[:300]}")
        found: dict[str, Any] = answer.json()
        return found
