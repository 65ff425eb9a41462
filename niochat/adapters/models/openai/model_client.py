"""Calls any OpenAI-compatible model, with the ``openai`` client on its aiohttp transport.

When an endpoint refuses the format of a request, the same call retries with other quirks; those
that it accepts are remembered, see :mod:`niochat.adapters.models.openai.endpoint_quirks`.
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
"""Requests of one call; then the refusal of the endpoint stands."""
QUIRKS_TTL_S = 86_400.0
"""By then the endpoint may have changed: the usual format is tried again."""
_MAX_LEARNED = 10_000
_MAX_CONNECTIONS = 1000
"""Connections of one endpoint and key."""
_PATH = "/chat/completions"

Quirks = frozenset[EndpointQuirk]
_EndpointKey = tuple[str, str, str, Quirks]
"""Quirks are learned per key: the requests of one tenant do not affect another."""


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
        """One call, retried only with other quirks. With ``stream``, ``on_text`` gets the
        whole text so far each time it grows. Raises ``ModelError``.
        """
        said: Sequence[Any] = messages
        offered: Sequence[Any] = tools
        request = CompletionRequest(endpoint, said, max_tokens, offered, stream, on_text)
        ends = time.monotonic() + timeout_s
        began = forms = self.quirks_for(endpoint)
        body = request.encode_body(forms)
        tried = {body}
        told: ModelError | None = None
        guessed = False
        while True:
            try:
                completion = await self._request_once(request, forms, body, ends - time.monotonic())
            except Exception as error:  # each library below the client raises errors of its own
                refusal = refusal_from_error(error)
                failed = translate_error(error, refusal, _redacted_sentence(request, refusal))
                if refusal is None or not is_quirk_refusal(refusal) or time.monotonic() >= ends:
                    raise failed from error
                # The refusal of a mere guess does not say what was wrong with the request.
                if told is None or (names_quirk(refusal) and not guessed):
                    told = failed
                candidates = [*next_quirks(refusal, forms), *_configured_quirks(endpoint, refusal)]
                bodies = ((each, request.encode_body(each)) for each in candidates)
                untried = next(((f, b) for f, b in bodies if b not in tried), None)
                if untried is None or len(tried) >= MAX_QUIRK_ATTEMPTS:
                    raise told from error
                guessed |= not names_quirk(refusal)
                forms, body = untried
                tried.add(body)
                _log.info(
                    "model_form_refused",
                    model=endpoint.model,
                    detail=str(failed),
                    next=" ".join(sorted(forms)),
                )
            else:
                if forms != began:
                    self._learn_quirks(endpoint, forms)
                return completion

    def quirks_for(self, endpoint: ModelEndpoint) -> Quirks:
        """The quirks of the endpoint: those of its settings, or those learned since."""
        known = self._learned_quirks.get(_endpoint_key(endpoint))
        if known is None or time.monotonic() - known[1] > self._quirks_ttl_s:
            return endpoint.options.quirks
        return known[0]

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.close()
        self._clients.clear()

    def _learn_quirks(self, endpoint: ModelEndpoint, forms: Quirks) -> None:
        while len(self._learned_quirks) >= _MAX_LEARNED:
            self._learned_quirks.pop(next(iter(self._learned_quirks)))
        self._learned_quirks[_endpoint_key(endpoint)] = (forms, time.monotonic())
        _log.info("model_form_learned", model=endpoint.model, forms=" ".join(sorted(forms)))

    async def _request_once(
        self, request: CompletionRequest, forms: Quirks, body: bytes, timeout_s: float
    ) -> ModelCompletion:
        client = self.client_for(request.endpoint)
        options: Any = {"timeout": max(timeout_s, 0.001), "headers": request.build_headers()}
        answer = CompletionAccumulator(request.endpoint.model, request.tool_names)
        if request.is_streaming(forms):
            await _read_stream(client, body, options, answer, request.on_text)
        else:
            await _read_response(client, body, options, answer)
        return answer.to_completion()

    def client_for(self, endpoint: ModelEndpoint) -> AsyncOpenAI:
        """The client of an endpoint and key; it retries nothing by itself."""
        known = (endpoint.url, endpoint.key)
        if known not in self._clients:
            self._clients[known] = AsyncOpenAI(
                base_url=endpoint.url,
                api_key=endpoint.key,
                max_retries=0,
                http_client=DefaultAioHttpClient(
                    transport=AiohttpTransport(verify=self._tls, client=self._session),
                    trust_env=False,  # the guard would check the proxy instead of the target
                    follow_redirects=False,
                ),
            )
        return self._clients[known]

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
    said = "\n".join(str(each.get("content") or "") for each in request.messages)
    return redact_sentence(refusal.sentence, secrets, said)


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
    client: AsyncOpenAI, body: bytes, options: Any, answer: CompletionAccumulator
) -> None:
    # The generic call of the client: the typed one walks through the schema of every tool and
    # builds models of the response, 4 ms of CPU for each call where this takes 1.
    response = await client.post(_PATH, cast_to=httpx2.Response, content=body, options=options)
    _add_response(answer, orjson.loads(response.content))


async def _read_stream(
    client: AsyncOpenAI,
    body: bytes,
    options: Any,
    answer: CompletionAccumulator,
    wrote: Callable[[str], None],
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
            _add_response(answer, orjson.loads(await stream.response.aread()))
            return
        async for piece in stream:
            if not isinstance(piece, Mapping):
                raise ErrorBodyReceived(piece)
            if answer.add_chunk(piece):
                wrote(answer.visible_text())


def _add_response(answer: CompletionAccumulator, chunk: Any) -> None:
    failed = chunk[0] if isinstance(chunk, list) and chunk else chunk
    if isinstance(failed, Mapping) and failed.get("error") and not failed.get("choices"):
        raise ErrorBodyReceived(failed)
    answer.add_response(chunk)
