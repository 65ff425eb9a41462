"""An OpenAI-compatible model under `/model/v1`: chat completions and the list of models."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from niochat_sandbox.fault_injection.fault_middleware import EMPTY_RESPONSE
from niochat_sandbox.http_json import JsonObject, SandboxApiError, json_response, read_object
from niochat_sandbox.sandbox_state import SandboxState, ScriptedModelSettings
from niochat_sandbox.scripted_model.chat_completion import ScriptedCompletion, count_prompt_tokens
from niochat_sandbox.scripted_model.chat_request import parse_chat_request
from niochat_sandbox.scripted_model.file_recognition import (
    describe_last_file,
    encode_description,
    transcribe_file,
)
from niochat_sandbox.scripted_model.model_actions import TextReply
from niochat_sandbox.scripted_model.model_errors import ModelApiError
from niochat_sandbox.scripted_model.prompt_cache import SimulatedPromptCache
from niochat_sandbox.scripted_model.scripted_models import ScriptedModelName, choose_action

KEY_PREFIX = "sandbox-"
MODEL_NAME = ScriptedModelName.HONEST.value


class ModelApi:
    """The two routes below `/model/v1`."""

    def __init__(self, world: SandboxState) -> None:
        self._settings: ScriptedModelSettings = world.model
        self._cache = SimulatedPromptCache()

    def routes(self) -> list[Route]:
        return [
            Route("/chat/completions", self.complete, methods=["POST"]),
            Route("/audio/transcriptions", self.transcribe, methods=["POST"]),
            Route("/models", self.list_models, methods=["GET"]),
        ]

    async def list_models(self, request: Request) -> Response:
        _check_key(request)
        data = [
            {"id": player, "object": "model", "created": 0, "owned_by": "sandbox"}
            for player in ScriptedModelName
        ]
        return json_response({"object": "list", "data": data})

    async def complete(self, request: Request) -> Response:
        _check_key(request)
        body = await _read_body(request)
        key = request.headers["authorization"]
        empty = request.scope.get(EMPTY_RESPONSE, False)
        completion = self._build_completion(key, body, empty=empty)
        await asyncio.sleep(self._settings.latency_s)
        if not body.get("stream"):
            return json_response(completion.format_response())
        options = body.get("stream_options")
        with_usage = isinstance(options, dict) and bool(options.get("include_usage"))
        chunks = completion.iter_chunks(with_usage=with_usage)
        return StreamingResponse(self._stream_completion(chunks), media_type="text/event-stream")

    async def transcribe(self, request: Request) -> Response:
        _check_key(request)
        heard = await transcribe_file(request, empty=request.scope.get(EMPTY_RESPONSE, False))
        await asyncio.sleep(self._settings.latency_s)
        return json_response(heard)

    async def _stream_completion(self, chunks: list[dict[str, Any]]) -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield b"data: " + orjson.dumps(chunk) + b"\n\n"
            if self._settings.stream_chunk_delay_s:
                await asyncio.sleep(self._settings.stream_chunk_delay_s)
        yield b"data: [DONE]\n\n"

    def _build_completion(self, key: str, body: JsonObject, *, empty: bool) -> ScriptedCompletion:
        asked = parse_chat_request(body, MODEL_NAME)
        seen = describe_last_file(asked.messages)
        if seen is not None:
            return ScriptedCompletion(
                asked.model,
                TextReply("" if empty else encode_description(seen)),
                count_prompt_tokens(asked),
            )
        action = TextReply("") if empty else choose_action(asked)
        cached = self._cache.count_cached_tokens(
            f"{key} {asked.model}", asked.messages, asked.tools
        )
        read = count_prompt_tokens(asked)
        return ScriptedCompletion(asked.model, action, read, min(cached, read))


async def _read_body(request: Request) -> JsonObject:
    try:
        return await read_object(request)
    except SandboxApiError as refusal:
        raise ModelApiError(refusal.status, str(refusal)) from None


def _check_key(request: Request) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.startswith(KEY_PREFIX):
        raise ModelApiError(401, "Incorrect API key provided.", "invalid_api_key")
