"""The client of the sandbox's control API, for commands that play customers."""

from typing import Any
from urllib.parse import quote

import httpx

from niochat.domain.errors import InvalidInputError, UnavailableError


class SandboxClient:
    """Plays customers of one gateway instance. Raises ``UnavailableError`` without a sandbox."""

    def __init__(self, base_url: str, token: str) -> None:
        limits = httpx.Limits(max_connections=100)
        self._http = httpx.AsyncClient(
            base_url=base_url, timeout=40, limits=limits, trust_env=False
        )
        self._token = token

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def create_instance(self, owner: str, name: str) -> None:
        """Create the gateway instance, connected and without a webhook, unless it exists."""
        await self._call("PUT", self._path(""), json={"owner": owner, "name": name})

    async def send_message(self, phone: str, text: str, **more: object) -> str:
        """Send a message of a customer and return its id at the gateway."""
        response = await self._call(
            "POST", self._path(f"/customers/{quote(phone)}/messages"), json={"text": text, **more}
        )
        return str(response["messageid"])

    async def wait_for_messages(self, phone: str, after: int, wait_s: float) -> dict[str, Any]:
        """Return the messages on a customer's phone after a position; wait until there are any."""
        return await self._call(
            "GET",
            self._path(f"/customers/{quote(phone)}/messages"),
            params={"after": after, "wait": wait_s},
        )

    async def call_control(self, method: str, path: str, body: object = None) -> Any:
        """Call any other route below ``/sandbox/``."""
        return await self._call(method, path, json=body)

    async def load_ledger(self) -> dict[str, Any]:
        """Return all messages that customers have sent and received."""
        return await self._call("GET", "/sandbox/ledger", params={"token": self._token})

    def _path(self, rest: str) -> str:
        return f"/sandbox/instances/{quote(self._token)}{rest}"

    async def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            response = await self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            raise UnavailableError(f"the sandbox does not answer: {error!r}") from error
        if response.status_code >= 400:
            raise InvalidInputError(f"the sandbox refuses: {response.text[:300]}")
        return dict(response.json()) if response.content else {}
