"""A real model's end point, asked on behalf of the product, so that its answers can be kept."""

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
    """``endpoint`` with its ``/v1``; what it refuses is passed on as it refused it."""

    def __init__(self, endpoint: str, key: str, *, within_s: float = _TIMEOUT_S) -> None:
        self._url = f"{endpoint.rstrip('/')}/chat/completions"
        self._headers = {"Authorization": f"Bearer {key}"}
        self._within_s = within_s

    async def answer(self, asked: ModelRequest) -> ModelAnswer:
        """Raises ``ResponderRefusedError`` with the end point's status."""
        plain = {k: v for k, v in asked.body.items() if k not in ("stream", "stream_options")}
        try:
            async with httpx.AsyncClient(timeout=self._within_s, trust_env=False) as http:
                reply = await http.post(self._url, json=plain, headers=self._headers)
        except httpx.HTTPError as error:
            raise ResponderRefusedError(
                f"the model cannot be reached: {error!r}", status=503
            ) from error
        try:
            told: Any = reply.json()
        except ValueError:
            told = {"error": {"message": reply.text[:500]}}
        if reply.status_code >= 400 or not isinstance(told, dict) or not told.get("choices"):
            status = reply.status_code if reply.status_code >= 400 else 502
            raise ResponderRefusedError(
                f"the model answered {reply.status_code}", status=status, body=told
            )
        return _parse_answer(told, asked)


class NamedModelResponder:
    """The same for requests that name no model of that end point."""

    def __init__(self, asks: ForwardingResponder, model: str) -> None:
        self._asks = asks
        self._model = model

    async def answer(self, asked: ModelRequest) -> ModelAnswer:
        """Raises ``ResponderRefusedError`` with the end point's status."""
        return await self._asks.answer(replace(asked, body={**asked.body, "model": self._model}))


def _parse_answer(told: dict[str, Any], asked: ModelRequest) -> ModelAnswer:
    """Read as leniently as the product does."""
    names = frozenset(str(tool["name"]) for tool in asked.tools)
    reading = Reading(str(asked.body.get("model", "")), names)
    reading.add_response(told)
    said = reading.to_completion()
    return ModelAnswer(
        said.text,
        tuple(RequestedToolCall(call.name, call.arguments) for call in said.calls),
        said.model,
        said.finish,
        told.get("usage") or {},
    )
