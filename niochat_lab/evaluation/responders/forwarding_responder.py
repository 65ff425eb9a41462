"""Forward requests to a real endpoint, so that its answers can be recorded."""

from dataclasses import replace
from typing import Any

import httpx

from niochat.adapters.models.openai.completion_parser import CompletionAccumulator as Reading
from niochat_lab.evaluation.responders.model_answer import (
    ModelAnswer,
    RequestedToolCall,
    ResponderRefusedError,
)
from niochat_lab.evaluation.responders.model_request import ModelRequest

_TIMEOUT_S = 300.0


class ForwardingResponder:
    """``endpoint``: the URL with ``/v1``. Errors of the endpoint are passed on unchanged."""

    def __init__(self, endpoint: str, key: str, *, within_s: float = _TIMEOUT_S) -> None:
        self._url = f"{endpoint.rstrip('/')}/chat/completions"
        self._headers = {"Authorization": f"Bearer {key}"}
        self._within_s = within_s

    async def answer(self, request: ModelRequest) -> ModelAnswer:
        """Raises ``ResponderRefusedError`` with the endpoint's status."""
        plain = {k: v for k, v in request.body.items() if k not in ("stream", "stream_options")}
        try:
            async with httpx.AsyncClient(timeout=self._within_s, trust_env=False) as http:
                response = await http.post(self._url, json=plain, headers=self._headers)
        except httpx.HTTPError as error:
            raise ResponderRefusedError(
                f"the model cannot be reached: {error!r}", status=503
            ) from error
        try:
            data: Any = response.json()
        except ValueError:
            data = {"error": {"message": response.text[:500]}}
        if response.status_code >= 400 or not isinstance(data, dict) or not data.get("choices"):
            status = response.status_code if response.status_code >= 400 else 502
            raise ResponderRefusedError(
                f"the model answered {response.status_code}", status=status, body=data
            )
        return _parse_answer(data, request)


class NamedModelResponder:
    """A responder that replaces the model's name in each request."""

    def __init__(self, forwarder: ForwardingResponder, model: str) -> None:
        self._forwarder = forwarder
        self._model = model

    async def answer(self, request: ModelRequest) -> ModelAnswer:
        """Raises ``ResponderRefusedError`` with the endpoint's status."""
        return await self._forwarder.answer(
            replace(request, body={**request.body, "model": self._model})
        )


def _parse_answer(data: dict[str, Any], request: ModelRequest) -> ModelAnswer:
    """Parse a response as leniently as the product does."""
    names = frozenset(str(tool["name"]) for tool in request.tools)
    reading = Reading(str(request.body.get("model", "")), names)
    reading.add_response(data)
    completion = reading.to_completion()
    return ModelAnswer(
        completion.text,
        tuple(RequestedToolCall(call.name, call.arguments) for call in completion.calls),
        completion.model,
        completion.finish,
        data.get("usage") or {},
    )
