"""Calls any OpenAI-compatible model, with the ``openai`` client on its aiohttp transport.

When an endpoint refuses the format of a request, the same call retries with other quirks. The
client remembers the quirks that the endpoint accepted; see
:mod:`niochat.adapters.models.openai.endpoint_quirks`.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import aiohttp
import httpx2
import orjson
import structlog
from httpx_aiohttp.httpx2 import AiohttpTransport
from openai import AsyncOpenAI, AsyncStream, DefaultAioHttpClient
from openai.types.chat import ChatCompletionFunctionToolParam, ChatCompletionMessageParam

from niochat.adapters.http_pool import open_shared_session
from niochat.adapters.models.openai.completion_parser import CompletionAccumulator
from niochat.adapters.models.openai.completion_request import CompletionRequest
from niochat.adapters.models.openai.completion_types import (
    ModelCompletion,
    ModelEndpoint,
    ModelError,
    ModelOptions,
    ModelToolCall,
)
from niochat.adapters.models.openai.endpoint_quirks import (
    EndpointQuirk,
    is_quirk_refusal,
    names_quirk,
    next_quirks,
)
from niochat.adapters.models.openai.endpoint_refusals import EndpointRefusal, redact_sentence
from niochat.adapters.models.openai.errors import (
    ErrorBodyReceived,
    refusal_from_error,
    translate_error,
)
from niochat.adapters.ssrf_guard import SsrfGuard

__all__ = [
    "ModelClient",
    "ModelCompletion",
    "ModelEndpoint",
    "ModelError",
    "ModelOptions",
    "ModelToolCall",
]

_log = structlog.get_logger(__name__)

MAX_QUIRK_ATTEMPTS = 8
"""The most requests of one call; after them the call fails with the endpoint's refusal."""
QUIRKS_TTL_S = 86_400.0
"""How long learned quirks are used. The endpoint may have changed by then, so the configured format
is tried again.
"""
_MAX_LEARNED = 10_000
_MAX_CONNECTIONS = 1000
"""The most connections to one endpoint with one key."""
_PATH = "/chat/completions"

Quirks = frozenset[EndpointQuirk]
_EndpointKey = tuple[str, str, str, Quirks]
"""URL, API key, model and configured quirks. Quirks are learned for each API key, so that requests
of one tenant do not affect another tenant.
"""


class ModelClient:
    """Keeps clients open by endpoint and key, and remembers the quirks of each endpoint."""

    def __init__(
        self, guard: SsrfGuard | None = None, *, quirks_ttl_s: float = QUIRKS_TTL_S
    ) -> None:
        """Without a ``guard`` any address may be reached."""
        self._guard = guard
        self._tls = httpx2.create_ssl_context()
        self._clients: dict[tuple[str, str], AsyncOpenAI] = {}
        self._learned_quirks: dict[_EndpointKey, tuple[Quirks, float]] = {}
        self._quirks_ttl_s = quirks_ttl_s

    async def complete(
        self,
        endpoint: ModelEndpoint,
        messages: Sequence[ChatCompletionMessageParam],
        *,
        max_tokens: int,
        timeout_s: float,
        stream: bool,
        tools: Sequence[ChatCompletionFunctionToolParam] = (),
        on_text: Callable[[str], None] = lambda text: None,
    ) -> ModelCompletion:
        """Call the model once; the call is retried only with other quirks. With ``stream``,
        ``on_text`` gets the whole text so far each time it grows. Raises ``ModelError``.
        """
        chat_messages: Sequence[Any] = messages
        offered_tools: Sequence[Any] = tools
        request = CompletionRequest(
            endpoint, chat_messages, max_tokens, offered_tools, stream, on_text
        )
        deadline = time.monotonic() + timeout_s
        initial = quirks = self.quirks_for(endpoint)
        body = request.encode_body(quirks)
        tried_bodies = {body}
        reported: ModelError | None = None
        guessed = False
        while True:
            try:
                completion = await self._request_once(
                    request, quirks, body, deadline - time.monotonic()
                )
            except Exception as error:  # each library below the client raises its own errors
                refusal = refusal_from_error(error)
                translated = translate_error(error, refusal, _redacted_sentence(request, refusal))
                if refusal is None or not is_quirk_refusal(refusal) or time.monotonic() >= deadline:
                    raise translated from error
                # The refusal of a guess does not say what was wrong with the original request.
                if reported is None or (names_quirk(refusal) and not guessed):
                    reported = translated
                candidates = [*next_quirks(refusal, quirks), *_configured_quirks(endpoint, refusal)]
                encoded = ((each, request.encode_body(each)) for each in candidates)
                untried = next(
                    (
                        (candidate, candidate_body)
                        for candidate, candidate_body in encoded
                        if candidate_body not in tried_bodies
                    ),
                    None,
                )
                if untried is None or len(tried_bodies) >= MAX_QUIRK_ATTEMPTS:
                    raise reported from error
                guessed |= not names_quirk(refusal)
                quirks, body = untried
                tried_bodies.add(body)
                _log.info(
                    "model_form_refused",
                    model=endpoint.model,
                    detail=str(translated),
                    next=" ".join(sorted(quirks)),
                )
            else:
                if quirks != initial:
                    self._learn_quirks(endpoint, quirks)
                return completion

    def quirks_for(self, endpoint: ModelEndpoint) -> Quirks:
        """The quirks of the endpoint: the learned ones, else those of its settings."""
        learned = self._learned_quirks.get(_endpoint_key(endpoint))
        if learned is None or time.monotonic() - learned[1] > self._quirks_ttl_s:
            return endpoint.options.quirks
        return learned[0]

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.close()
        self._clients.clear()

    def _learn_quirks(self, endpoint: ModelEndpoint, quirks: Quirks) -> None:
        while len(self._learned_quirks) >= _MAX_LEARNED:
            self._learned_quirks.pop(next(iter(self._learned_quirks)))
        self._learned_quirks[_endpoint_key(endpoint)] = (quirks, time.monotonic())
        _log.info("model_form_learned", model=endpoint.model, forms=" ".join(sorted(quirks)))

    async def _request_once(
        self, request: CompletionRequest, quirks: Quirks, body: bytes, timeout_s: float
    ) -> ModelCompletion:
        client = self.client_for(request.endpoint)
        options: Any = {"timeout": max(timeout_s, 0.001), "headers": request.build_headers()}
        accumulator = CompletionAccumulator(request.endpoint.model, request.tool_names)
        if request.is_streaming(quirks):
            await _read_stream(client, body, options, accumulator, request.on_text)
        else:
            await _read_response(client, body, options, accumulator)
        return accumulator.to_completion()

    def client_for(self, endpoint: ModelEndpoint) -> AsyncOpenAI:
        """The client of an endpoint and key; it retries nothing by itself."""
        key = (endpoint.url, endpoint.key)
        if key not in self._clients:
            self._clients[key] = AsyncOpenAI(
                base_url=endpoint.url,
                api_key=endpoint.key,
                max_retries=0,
                http_client=DefaultAioHttpClient(
                    transport=AiohttpTransport(verify=self._tls, client=self._session),
                    trust_env=False,  # the guard would check the proxy instead of the target
                    follow_redirects=False,
                ),
            )
        return self._clients[key]

    def _session(self) -> aiohttp.ClientSession:
        return open_shared_session(_MAX_CONNECTIONS, self._tls, self._guard)


def _endpoint_key(endpoint: ModelEndpoint) -> _EndpointKey:
    return endpoint.url, endpoint.key, endpoint.model, endpoint.options.quirks


def _configured_quirks(endpoint: ModelEndpoint, refusal: EndpointRefusal) -> list[Quirks]:
    """Learned quirks may be out of date, so the configured ones are tried too."""
    return [] if names_quirk(refusal) else [endpoint.options.quirks]


def _redacted_sentence(request: CompletionRequest, refusal: EndpointRefusal | None) -> str:
    if refusal is None:
        return ""
    options = request.endpoint.options
    secrets = [
        request.endpoint.key,
        *options.extra_headers.values(),
        *_collect_strings(options.extra_body),
    ]
    request_text = "\n".join(str(each.get("content") or "") for each in request.messages)
    return redact_sentence(refusal.sentence, secrets, request_text)


def _collect_strings(value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case Mapping():
            return [text for each in value.values() for text in _collect_strings(each)]
        case list():
            return [text for each in value for text in _collect_strings(each)]
        case _:
            return []


async def _read_response(
    client: AsyncOpenAI, body: bytes, options: Any, accumulator: CompletionAccumulator
) -> None:
    # The client's generic call takes 1 ms of CPU. Its typed call takes 4 ms, because it walks
    # through the schema of every tool and builds models of the response.
    response = await client.post(_PATH, cast_to=httpx2.Response, content=body, options=options)
    _add_response(accumulator, orjson.loads(response.content))


async def _read_stream(
    client: AsyncOpenAI,
    body: bytes,
    options: Any,
    accumulator: CompletionAccumulator,
    on_text: Callable[[str], None],
) -> None:
    stream = await client.post(
        _PATH,
        cast_to=object,
        content=body,
        options=options,
        stream=True,
        stream_cls=AsyncStream[object],
    )
    async with stream:
        if "application/json" in stream.response.headers.get("content-type", ""):
            _add_response(accumulator, orjson.loads(await stream.response.aread()))
            return
        async for chunk in stream:
            if not isinstance(chunk, Mapping):
                raise ErrorBodyReceived(chunk)
            if accumulator.add_chunk(chunk):
                on_text(accumulator.visible_text())


def _add_response(accumulator: CompletionAccumulator, payload: Any) -> None:
    first = payload[0] if isinstance(payload, list) and payload else payload
    if isinstance(first, Mapping) and first.get("error") and not first.get("choices"):
        raise ErrorBodyReceived(first)
    accumulator.add_response(payload)
