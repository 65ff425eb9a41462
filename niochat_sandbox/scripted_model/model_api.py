"""The OpenAI-compatible endpoint below ``/model/v1``: completions, transcriptions and models."""

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
    """The routes below ``/model/v1``."""

    def __init__(self, state: SandboxState) -> None:
        self._settings: ScriptedModelSettings = state.model
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
            {"id": name, "object": "model", "created": 0, "owned_by": "sandbox"}
            for name in ScriptedModelName
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
        transcription = await transcribe_file(
            request, empty=request.scope.get(EMPTY_RESPONSE, False)
        )
        await asyncio.sleep(self._settings.latency_s)
        return json_response(transcription)

    async def _stream_completion(self, chunks: list[dict[str, Any]]) -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield b"data: " + orjson.dumps(chunk) + b"\n\n"
            if self._settings.stream_chunk_delay_s:
                await asyncio.sleep(self._settings.stream_chunk_delay_s)
        yield b"data: [DONE]\n\n"

    def _build_completion(self, key: str, body: JsonObject, *, empty: bool) -> ScriptedCompletion:
        chat_request = parse_chat_request(body, MODEL_NAME)
        description = describe_last_file(chat_request.messages)
        if description is not None:
            return ScriptedCompletion(
                chat_request.model,
                TextReply("" if empty else encode_description(description)),
                count_prompt_tokens(chat_request),
            )
        action = TextReply("") if empty else choose_action(chat_request)
        cached = self._cache.count_cached_tokens(
            f"{key} {chat_request.model}", chat_request.messages, chat_request.tools
        )
        prompt_tokens = count_prompt_tokens(chat_request)
        return ScriptedCompletion(
            chat_request.model, action, prompt_tokens, min(cached, prompt_tokens)
        )


async def _read_body(request: Request) -> JsonObject:
    try:
        return await read_object(request)
    except SandboxApiError as error:
        raise ModelApiError(error.status, str(error)) from None


def _check_key(request: Request) -> None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.startswith(KEY_PREFIX):
        raise ModelApiError(401, "Incorrect API key provided.", "invalid_api_key")
