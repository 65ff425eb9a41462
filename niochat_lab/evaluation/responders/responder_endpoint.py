"""An OpenAI-compatible end point on this machine, behind which somebody answers as the model."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from niochat_lab.evaluation.responders.model_answer import (
    ModelAnswer,
    ResponderRefusedError,
    build_completion_body,
    usage_for,
)
from niochat_lab.evaluation.responders.model_request import ModelRequest, RequestHistory


class ModelResponder(Protocol):
    """Answers as the model."""

    async def answer(self, asked: ModelRequest) -> ModelAnswer:
        """Raises ``ResponderRefusedError`` where it cannot."""


class ResponderEndpoint:
    """Requests by conversation: the key that a request comes with says of which one it is."""

    def __init__(self, player: ModelResponder) -> None:
        self._player = player
        self._names: dict[str, str] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self.conversations: dict[str, RequestHistory] = {}

    def register_key(self, key: str, name: str) -> None:
        """Requests with that key are of a new conversation of that name."""
        self._names[key] = name
        self._locks[name] = asyncio.Lock()
        self.conversations[name] = RequestHistory(name)

    def create_app(self) -> Starlette:
        """To be served."""
        return Starlette(routes=[Route("/v1/chat/completions", self._complete, methods=["POST"])])

    async def _complete(self, request: Request) -> Response:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        name = self._names.get(key)
        if name is None:
            return _error_response(
                ResponderRefusedError("nobody is expected with this key", status=401)
            )
        body = await request.json()
        async with self._locks[name]:
            try:
                told = await self._respond(self.conversations[name], body)
            except ResponderRefusedError as refused:
                return _error_response(refused)
        return StreamingResponse(_stream_chunks(told)) if body.get("stream") else JSONResponse(told)

    async def _respond(
        self, conversation: RequestHistory, body: Mapping[str, Any]
    ) -> dict[str, Any]:
        if conversation.last is not None and conversation.last.body == body:
            return dict(conversation.answer)  # asked again, because an answer was lost
        asked = conversation.add_request(body)
        answer = await self._player.answer(asked)
        told, usage = build_completion_body(answer, asked), usage_for(answer, asked)
        conversation.last, conversation.answer = asked, told
        conversation.calls += 1
        conversation.tokens_in += int(usage.get("prompt_tokens") or 0)
        conversation.tokens_out += int(usage.get("completion_tokens") or 0)
        details = usage.get("prompt_tokens_details") or {}
        conversation.cached += int(details.get("cached_tokens") or 0)
        return told


def _error_response(refused: ResponderRefusedError) -> JSONResponse:
    return JSONResponse(refused.body, refused.status)


async def _stream_chunks(told: Mapping[str, Any]) -> AsyncIterator[bytes]:
    """The whole answer in one piece, and what it cost in another."""
    choice = told["choices"][0]
    message = choice["message"]
    calls = [{"index": at, **call} for at, call in enumerate(message.get("tool_calls") or ())]
    delta = {**message, **({"tool_calls": calls} if calls else {})}
    head = {key: told[key] for key in ("id", "created", "model")}
    head["object"] = "chat.completion.chunk"
    piece = {"index": 0, "delta": delta, "finish_reason": choice["finish_reason"]}
    for chunk in ({"choices": [piece]}, {"choices": [], "usage": told["usage"]}):
        yield f"data: {json.dumps({**head, **chunk}, ensure_ascii=False)}\n\n".encode()
    yield b"data: [DONE]\n\n"
