"""The client of the operators' API. It raises each problem as an error with its title."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from niochat.cli import command_context
from niochat.config import OperatorClientSettings
from niochat.domain.errors import NiochatError, NotFoundError, UnavailableError

TIMEOUT_S = 30.0


class OperatorClient:
    """Calls the API of the stack that the environment or the home directory names."""

    def __init__(self) -> None:
        command_context.adopt_environment()
        settings = OperatorClientSettings.read()
        self._client = httpx.Client(
            base_url=f"{settings.base_url}/api/operators",
            headers={"authorization": f"Bearer {settings.operator_token.get_secret_value()}"},
            timeout=TIMEOUT_S,
            trust_env=False,
        )

    def get(self, path: str, **query: object) -> Any:
        """Send a GET and return its JSON. Query values of None are left out."""
        params = {name: str(value) for name, value in query.items() if value is not None}
        return self._call("GET", path, params=params)

    def post(self, path: str, body: Mapping[str, object] | None = None, **query: object) -> Any:
        """Send a POST and return its JSON."""
        params = {name: str(value) for name, value in query.items() if value is not None}
        return self._call("POST", path, params=params, json=body or {})

    def _call(self, method: str, path: str, **more: Any) -> Any:
        try:
            response = self._client.request(method, path, **more)
            content = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise UnavailableError(
                f"{self._client.base_url} does not answer as the operators' API: {error!r}"
            ) from error
        if response.is_success:
            return content
        kind = NotFoundError if response.status_code == 404 else NiochatError
        raise kind(str(content.get("title", content)), code=str(content.get("code", "error")))


def quote_path_segment(text: str) -> str:
    """Quote one segment of a path."""
    return quote(text, safe="")
