"""An OpenAI-compatible model under `/model/v1`: chat completions and the list of models."""

import asyncio
import re
import secrets
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from niochat.sandbox.gate import EMPTY_ANSWER
from niochat.sandbox.replies import reply_to, text_of
from niochat.sandbox.rim import Body, Refusal, answer, read_object
from niochat.sandbox.world import ModelSettings, World

KEY_BEGINNING = "sandbox-"
MODEL_NAME = "sandbox-simulador"


class ModelRefusal(Refusal):
    """An error in OpenAI's shape."""

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        super().__init__(status, message)
        kind = "invalid_request_error"
        self.body = {"error": {"message": message, "type": kind, "param": None, "code": code}}


@dataclass(slots=True)
class Completion:
    """One answer; tokens are estimated at four characters each."""

    model: str
    text: str
    prompt_tokens: int
    id: str = field(default_factory=lambda: "chatcmpl-" + secrets.token_hex(12))
    created: int = field(default_factory=lambda: int(time.time()))

    def usage(self) -> dict[str, int]:
        said = _tokens(self.text)
        total = self.prompt_tokens + said
        counted = {"prompt_tokens": self.prompt_tokens, "completion_tokens": said}
        return {**counted, "total_tokens": total}

    def whole(self) -> dict[str, Any]:
        message = {"role": "assistant", "content": self.text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        return {**self._head("chat.completion"), "choices": [choice], "usage": self.usage()}

    def pieces(self, *, with_usage: bool) -> list[dict[str, Any]]:
        """The chunks of a stream: role, one word each, the end, and usage if asked for."""
        deltas: list[tuple[dict[str, str], str | None]] = [({"role": "assistant"}, None)]
        deltas += [({"content": word}, None) for word in re.findall(r"\s*\S+", self.text)]
        deltas.append(({}, "stop"))
        head = self._head("chat.completion.chunk")
        chunks = [
            {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
            for delta, reason in deltas
        ]
        if with_usage:
            chunks = [{**chunk, "usage": None} for chunk in chunks]
            chunks.append({**head, "choices": [], "usage": self.usage()})
        return chunks

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


class Model:
    """The two routes below `/model/v1`."""

    def __init__(self, world: World) -> None:
        self._settings: ModelSettings = world.model

    def routes(self) -> list[Route]:
        return [
            Route("/chat/completions", self.complete, methods=["POST"]),
            Route("/models", self.models, methods=["GET"]),
        ]

    async def models(self, request: Request) -> Response:
        _check_key(request)
        model = {"id": MODEL_NAME, "object": "model", "created": 0, "owned_by": "sandbox"}
        return answer({"object": "list", "data": [model]})

    async def complete(self, request: Request) -> Response:
        _check_key(request)
        body = await _read_body(request)
        completion = _completion(body, empty=request.scope.get(EMPTY_ANSWER, False))
        await asyncio.sleep(self._settings.latency_s)
        if not body.get("stream"):
            return answer(completion.whole())
        options = body.get("stream_options")
        with_usage = isinstance(options, dict) and bool(options.get("include_usage"))
        chunks = completion.pieces(with_usage=with_usage)
        return StreamingResponse(self._stream(chunks), media_type="text/event-stream")

    async def _stream(self, chunks: list[dict[str, Any]]) -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield b"data: " + orjson.dumps(chunk) + b"\n\n"
            if self._settings.stream_chunk_delay_s:
                await asyncio.sleep(self._settings.stream_chunk_delay_s)
        yield b"data: [DONE]\n\n"


async def _read_body(request: Request) -> Body:
    try:
        return await read_object(request)
    except Refusal as refusal:
        raise ModelRefusal(refusal.status, str(refusal)) from None


def _completion(body: Body, *, empty: bool) -> Completion:
    messages = body.get("messages")
    if not isinstance(messages, list) or not all(isinstance(each, dict) for each in messages):
        raise ModelRefusal(400, "messages must be a list of objects")
    prompt = sum(_tokens(text_of(each.get("content"))) for each in messages)
    model = body.get("model")
    name = model if isinstance(model, str) else MODEL_NAME
    return Completion(name, "" if empty else reply_to(messages), prompt)


def _tokens(text: str) -> int:
    return (len(text) + 3) // 4


def _check_key(request: Request) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.startswith(KEY_BEGINNING):
        raise ModelRefusal(401, "Incorrect API key provided.", "invalid_api_key")
