"""An OpenAI-compatible endpoint on this machine that passes requests to a responder."""

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

    async def answer(self, request: ModelRequest) -> ModelAnswer:
        """Return the answer. Raises ``ResponderRefusedError`` if there is none."""


class ResponderEndpoint:
    """Assigns requests to conversations by their API key."""

    def __init__(self, responder: ModelResponder) -> None:
        self._responder = responder
        self._names: dict[str, str] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self.conversations: dict[str, RequestHistory] = {}

    def register_key(self, key: str, name: str) -> None:
        """Start a new conversation; requests with ``key`` belong to it."""
        self._names[key] = name
        self._locks[name] = asyncio.Lock()
        self.conversations[name] = RequestHistory(name)

    def create_app(self) -> Starlette:
        """Create the application to serve."""
        return Starlette(routes=[Route("/v1/chat/completions", self._complete, methods=["POST"])])

    async def _complete(self, request: Request) -> Response:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        name = self._names.get(key)
        if name is None:
            return _error_response(ResponderRefusedError("unknown API key", status=401))
        body = await request.json()
        async with self._locks[name]:
            try:
                completion = await self._respond(self.conversations[name], body)
            except ResponderRefusedError as error:
                return _error_response(error)
        return (
            StreamingResponse(_stream_chunks(completion))
            if body.get("stream")
            else JSONResponse(completion)
        )

    async def _respond(
        self, conversation: RequestHistory, body: Mapping[str, Any]
    ) -> dict[str, Any]:
        if conversation.last is not None and conversation.last.body == body:
            return dict(conversation.answer)  # a retry after a lost response
        model_request = conversation.add_request(body)
        answer = await self._responder.answer(model_request)
        completion, usage = (
            build_completion_body(answer, model_request),
            usage_for(answer, model_request),
        )
        conversation.last, conversation.answer = model_request, completion
        conversation.calls += 1
        conversation.tokens_in += int(usage.get("prompt_tokens") or 0)
        conversation.tokens_out += int(usage.get("completion_tokens") or 0)
        details = usage.get("prompt_tokens_details") or {}
        conversation.cached += int(details.get("cached_tokens") or 0)
        return completion


def _error_response(error: ResponderRefusedError) -> JSONResponse:
    return JSONResponse(error.body, error.status)


async def _stream_chunks(completion: Mapping[str, Any]) -> AsyncIterator[bytes]:
    """Stream the whole answer in one chunk, and the usage in another."""
    choice = completion["choices"][0]
    message = choice["message"]
    calls = [{"index": at, **call} for at, call in enumerate(message.get("tool_calls") or ())]
    delta = {**message, **({"tool_calls": calls} if calls else {})}
    head = {key: completion[key] for key in ("id", "created", "model")}
    head["object"] = "chat.completion.chunk"
    piece = {"index": 0, "delta": delta, "finish_reason": choice["finish_reason"]}
    for chunk in ({"choices": [piece]}, {"choices": [], "usage": completion["usage"]}):
        yield f"data: {json.dumps({**head, **chunk}, ensure_ascii=False)}\n\n".encode()
    yield b"data: [DONE]\n\n"
