"""An OpenAI-compatible model under `/model/v1`: chat completions and the list of models."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from niochat.sandbox.flows.actions import Say
from niochat.sandbox.flows.completion import Completion, prompt_tokens
from niochat.sandbox.flows.errors import ModelRefusal
from niochat.sandbox.flows.players import Player, play
from niochat.sandbox.flows.requests import read_request
from niochat.sandbox.gate import EMPTY_ANSWER
from niochat.sandbox.prompt_cache import PromptCache
from niochat.sandbox.rim import Body, Refusal, answer, read_object
from niochat.sandbox.senses import looked_at, said, transcription
from niochat.sandbox.world import ModelSettings, World

KEY_BEGINNING = "sandbox-"
MODEL_NAME = Player.HONEST.value


class Model:
    """The two routes below `/model/v1`."""

    def __init__(self, world: World) -> None:
        self._settings: ModelSettings = world.model
        self._cache = PromptCache()

    def routes(self) -> list[Route]:
        return [
            Route("/chat/completions", self.complete, methods=["POST"]),
            Route("/audio/transcriptions", self.transcribe, methods=["POST"]),
            Route("/models", self.models, methods=["GET"]),
        ]

    async def models(self, request: Request) -> Response:
        _check_key(request)
        data = [
            {"id": player, "object": "model", "created": 0, "owned_by": "sandbox"}
            for player in Player
        ]
        return answer({"object": "list", "data": data})

    async def complete(self, request: Request) -> Response:
        _check_key(request)
        body = await _read_body(request)
        key = request.headers["authorization"]
        empty = request.scope.get(EMPTY_ANSWER, False)
        completion = self._completion(key, body, empty=empty)
        await asyncio.sleep(self._settings.latency_s)
        if not body.get("stream"):
            return answer(completion.whole())
        options = body.get("stream_options")
        with_usage = isinstance(options, dict) and bool(options.get("include_usage"))
        chunks = completion.pieces(with_usage=with_usage)
        return StreamingResponse(self._stream(chunks), media_type="text/event-stream")

    async def transcribe(self, request: Request) -> Response:
        _check_key(request)
        heard = await transcription(request, empty=request.scope.get(EMPTY_ANSWER, False))
        await asyncio.sleep(self._settings.latency_s)
        return answer(heard)

    async def _stream(self, chunks: list[dict[str, Any]]) -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield b"data: " + orjson.dumps(chunk) + b"\n\n"
            if self._settings.stream_chunk_delay_s:
                await asyncio.sleep(self._settings.stream_chunk_delay_s)
        yield b"data: [DONE]\n\n"

    def _completion(self, key: str, body: Body, *, empty: bool) -> Completion:
        asked = read_request(body, MODEL_NAME)
        seen = looked_at(asked.messages)
        if seen is not None:
            return Completion(asked.model, Say("" if empty else said(seen)), prompt_tokens(asked))
        action = Say("") if empty else play(asked)
        cached = self._cache.tokens(f"{key} {asked.model}", asked.messages, asked.tools)
        read = prompt_tokens(asked)
        return Completion(asked.model, action, read, min(cached, read))


async def _read_body(request: Request) -> Body:
    try:
        return await read_object(request)
    except Refusal as refusal:
        raise ModelRefusal(refusal.status, str(refusal)) from None


def _check_key(request: Request) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.startswith(KEY_BEGINNING):
        raise ModelRefusal(401, "Incorrect API key provided.", "invalid_api_key")
