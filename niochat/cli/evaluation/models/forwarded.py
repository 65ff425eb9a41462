"""A real model's end point, asked on behalf of the product, so that its answers can be kept."""

from dataclasses import replace
from typing import Any

import httpx

from niochat.adapters.openai.reading import CompletionAccumulator as Reading
from niochat.cli.evaluation.models.answers import Answer, NoAnswer, Wanted
from niochat.cli.evaluation.models.asked import Asked

_WITHIN_S = 300.0


class Forwarded:
    """``endpoint`` with its ``/v1``; what it refuses is passed on as it refused it."""

    def __init__(self, endpoint: str, key: str, *, within_s: float = _WITHIN_S) -> None:
        self._url = f"{endpoint.rstrip('/')}/chat/completions"
        self._headers = {"Authorization": f"Bearer {key}"}
        self._within_s = within_s

    async def answer(self, asked: Asked) -> Answer:
        """Raises ``NoAnswer`` with the end point's status."""
        plain = {k: v for k, v in asked.body.items() if k not in ("stream", "stream_options")}
        try:
            async with httpx.AsyncClient(timeout=self._within_s, trust_env=False) as http:
                reply = await http.post(self._url, json=plain, headers=self._headers)
        except httpx.HTTPError as error:
            raise NoAnswer(f"the model cannot be reached: {error!r}", status=503) from error
        try:
            told: Any = reply.json()
        except ValueError:
            told = {"error": {"message": reply.text[:500]}}
        if reply.status_code >= 400 or not isinstance(told, dict) or not told.get("choices"):
            status = reply.status_code if reply.status_code >= 400 else 502
            raise NoAnswer(f"the model answered {reply.status_code}", status=status, body=told)
        return _answer(told, asked)


class Named:
    """The same for requests that name no model of that end point."""

    def __init__(self, asks: Forwarded, model: str) -> None:
        self._asks = asks
        self._model = model

    async def answer(self, asked: Asked) -> Answer:
        """Raises ``NoAnswer`` with the end point's status."""
        return await self._asks.answer(replace(asked, body={**asked.body, "model": self._model}))


def _answer(told: dict[str, Any], asked: Asked) -> Answer:
    """Read as leniently as the product does."""
    names = frozenset(str(tool["name"]) for tool in asked.tools)
    reading = Reading(str(asked.body.get("model", "")), names)
    reading.add_response(told)
    said = reading.to_completion()
    return Answer(
        said.text,
        tuple(Wanted(call.name, call.arguments) for call in said.calls),
        said.model,
        said.finish,
        told.get("usage") or {},
    )
