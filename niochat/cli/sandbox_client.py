"""The sandbox's control address, as the commands that play customers use it."""

from typing import Any
from urllib.parse import quote

import httpx

from niochat.domain.errors import InvalidInputError, UnavailableError


class SandboxClient:
    """Plays customers of one gateway instance. Raises ``UnavailableError`` when it is away."""

    def __init__(self, base_url: str, token: str) -> None:
        limits = httpx.Limits(max_connections=100)
        self._http = httpx.AsyncClient(
            base_url=base_url, timeout=40, limits=limits, trust_env=False
        )
        self._token = token

    async def close(self) -> None:
        """Close connections."""
        await self._http.aclose()

    async def create_instance(self, owner: str, name: str) -> None:
        """The gateway instance exists, connected, and has no webhook yet."""
        await self._call("PUT", self._path(""), json={"owner": owner, "name": name})

    async def send_message(self, phone: str, text: str, **more: object) -> str:
        """The customer writes; the gateway's id of the message."""
        answer = await self._call(
            "POST", self._path(f"/customers/{quote(phone)}/messages"), json={"text": text, **more}
        )
        return str(answer["messageid"])

    async def wait_for_messages(self, phone: str, after: int, wait_s: float) -> dict[str, Any]:
        """What the customer's phone shows after a position, waiting for news."""
        return await self._call(
            "GET",
            self._path(f"/customers/{quote(phone)}/messages"),
            params={"after": after, "wait": wait_s},
        )

    async def call_control(self, method: str, path: str, body: object = None) -> Any:
        """Any other control call, ``/sandbox/…``."""
        return await self._call(method, path, json=body)

    async def load_ledger(self) -> dict[str, Any]:
        """All that customers sent and received."""
        return await self._call("GET", "/sandbox/ledger", params={"token": self._token})

    def _path(self, rest: str) -> str:
        return f"/sandbox/instances/{quote(self._token)}{rest}"

    async def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            answer = await self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise UnavailableError(f"the sandbox does not answer: {error!r}") from error
        if answer.status_code >= 400:
            raise InvalidInputError(f"the sandbox refuses: {answer.text[:300]}")
        return dict(answer.json()) if answer.content else {}
