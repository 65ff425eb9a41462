"""The API for operators as commands use it: one address, one token, problems as sentences."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from niochat.cli import command_context
from niochat.config import OperatorSettings
from niochat.domain.errors import NiochatError, NotFoundError, UnavailableError

TIMEOUT_S = 30.0


class OperatorClient:
    """Talks to the cluster that the environment, or the home, names."""

    def __init__(self) -> None:
        command_context.adopt_environment()
        settings = OperatorSettings.read()
        self._client = httpx.Client(
            base_url=f"{settings.base_url}/api/operators",
            headers={"authorization": f"Bearer {settings.operator_token.get_secret_value()}"},
            timeout=TIMEOUT_S,
            trust_env=False,
        )

    def get(self, path: str, **query: object) -> Any:
        """What a GET answers; a query of ``None`` is left out."""
        given = {name: str(value) for name, value in query.items() if value is not None}
        return self._call("GET", path, params=given)

    def post(self, path: str, body: Mapping[str, object] | None = None, **query: object) -> Any:
        """What a POST answers."""
        given = {name: str(value) for name, value in query.items() if value is not None}
        return self._call("POST", path, params=given, json=body or {})

    def _call(self, method: str, path: str, **more: Any) -> Any:
        try:
            answer = self._client.request(method, path, **more)
            told = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise UnavailableError(
                f"{self._client.base_url} does not answer as the API for operators: {error!r}"
            ) from error
        if answer.is_success:
            return told
        kind = NotFoundError if answer.status_code == 404 else NiochatError
        raise kind(str(told.get("title", told)), code=str(told.get("code", "error")))


def quote_path_segment(text: str) -> str:
    """One part of a path."""
    return quote(text, safe="")
