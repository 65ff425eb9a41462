"""Any OpenAI-compatible model, by the ``openai`` client on its aiohttp transport.

An end point that refuses the form of a request is asked again in another, within the same call;
what it took is remembered, see :mod:`niochat.adapters.models.openai.endpoint_quirks`.
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

from niochat.adapters.connections import shared_session
from niochat.adapters.guard import Guard
from niochat.adapters.openai.completion import (
    Completion,
    Endpoint,
    ModelError,
    Options,
    ToolCall,
)
from niochat.adapters.openai.errors import Told, refusal_of, translate
from niochat.adapters.openai.forms import Form, of_form, other_forms, understood
from niochat.adapters.openai.reading import Answer
from niochat.adapters.openai.refusals import Refusal, shown
from niochat.adapters.openai.request import Request

__all__ = ["Completion", "Endpoint", "ModelError", "Models", "Options", "ToolCall"]

_log = structlog.get_logger(__name__)

MOST_FORMS = 8
"""In which one request is sent; then the end point's refusal stands."""
LEARNED_FOR_S = 86_400.0
"""An end point may be another by then: it is asked in the usual form again."""
_MOST_LEARNED = 10_000
_CONNECTIONS = 1000
"""Of one endpoint and key."""
_PATH = "/chat/completions"

Forms = frozenset[Form]
_Known = tuple[str, str, str, Forms]
"""What is learned is learned by one key: what one tenant sends teaches no other."""


class Models:
    """Clients by endpoint and key, kept open; and in which form each wants to be asked."""

    def __init__(self, guard: Guard | None = None, *, learned_for_s: float = LEARNED_FOR_S) -> None:
        """Without a ``guard`` any address may be reached."""
        self._guard = guard
        self._tls = httpx2.create_ssl_context()
        self._clients: dict[tuple[str, str], AsyncOpenAI] = {}
        self._learned: dict[_Known, tuple[Forms, float]] = {}
        self._learned_for_s = learned_for_s

    async def complete(
        self,
        endpoint: Endpoint,
        messages: Sequence[ChatCompletionMessageParam],
        *,
        max_tokens: int,
        timeout_s: float,
        stream: bool,
        tools: Sequence[ChatCompletionFunctionToolParam] = (),
        wrote: Callable[[str], None] = lambda text: None,
    ) -> Completion:
        """One call, repeated only in another form. Of a ``stream``, ``wrote`` is told all of the
        text so far, again and again. Raises ``ModelError``.
        """
        said: Sequence[Any] = messages
        offered: Sequence[Any] = tools
        request = Request(endpoint, said, max_tokens, offered, stream, wrote)
        ends = time.monotonic() + timeout_s
        began = forms = self.forms(endpoint)
        body = request.body(forms)
        tried = {body}
        told: ModelError | None = None
        guessed = False
        while True:
            try:
                completion = await self._once(request, forms, body, ends - time.monotonic())
            except Exception as error:  # every library below the client has errors of its own
                refusal = refusal_of(error)
                failed = translate(error, refusal, _sentence(request, refusal))
                if refusal is None or not of_form(refusal) or time.monotonic() >= ends:
                    raise failed from error
                # What a mere guess is refused for does not tell what was wrong.
                if told is None or (understood(refusal) and not guessed):
                    told = failed
                candidates = [*other_forms(refusal, forms), *_usual(endpoint, refusal)]
                bodies = ((each, request.body(each)) for each in candidates)
                untried = next(((f, b) for f, b in bodies if b not in tried), None)
                if untried is None or len(tried) >= MOST_FORMS:
                    raise told from error
                guessed |= not understood(refusal)
                forms, body = untried
                tried.add(body)
                _log.info(
                    "model_form_refused", model=endpoint.model, detail=str(failed),
                    next=" ".join(sorted(forms)),
                )  # fmt: skip
            else:
                if forms != began:
                    self._learn(endpoint, forms)
                return completion

    def forms(self, endpoint: Endpoint) -> Forms:
        """How the end point is asked: what its tenant says, or what was learned since."""
        known = self._learned.get(_known_as(endpoint))
        if known is None or time.monotonic() - known[1] > self._learned_for_s:
            return endpoint.options.forms
        return known[0]

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.close()
        self._clients.clear()

    def _learn(self, endpoint: Endpoint, forms: Forms) -> None:
        while len(self._learned) >= _MOST_LEARNED:
            self._learned.pop(next(iter(self._learned)))
        self._learned[_known_as(endpoint)] = (forms, time.monotonic())
        _log.info("model_form_learned", model=endpoint.model, forms=" ".join(sorted(forms)))

    async def _once(
        self, request: Request, forms: Forms, body: bytes, timeout_s: float
    ) -> Completion:
        client = self.client(request.endpoint)
        options: Any = {"timeout": max(timeout_s, 0.001), "headers": request.headers()}
        answer = Answer(request.endpoint.model, request.names)
        if request.streams(forms):
            await _streamed(client, body, options, answer, request.wrote)
        else:
            await _whole(client, body, options, answer)
        return answer.completion()

    def client(self, endpoint: Endpoint) -> AsyncOpenAI:
        """The one client of an end point and key; it repeats nothing by itself."""
        known = (endpoint.url, endpoint.key)
        if known not in self._clients:
            self._clients[known] = AsyncOpenAI(
                base_url=endpoint.url,
                api_key=endpoint.key,
                max_retries=0,
                http_client=DefaultAioHttpClient(
                    transport=AiohttpTransport(verify=self._tls, client=self._session),
                    trust_env=False,  # a proxy would be judged instead of where it leads
                    follow_redirects=False,
                ),
            )
        return self._clients[known]

    def _session(self) -> aiohttp.ClientSession:
        return shared_session(_CONNECTIONS, self._tls, self._guard)


def _known_as(endpoint: Endpoint) -> _Known:
    return endpoint.url, endpoint.key, endpoint.model, endpoint.options.forms


def _usual(endpoint: Endpoint, refusal: Refusal) -> list[Forms]:
    """What was learned may not be true any more."""
    return [] if understood(refusal) else [endpoint.options.forms]


def _sentence(request: Request, refusal: Refusal | None) -> str:
    if refusal is None:
        return ""
    options = request.endpoint.options
    secrets = [request.endpoint.key, *options.headers.values(), *_strings(options.body)]
    said = "\n".join(str(each.get("content") or "") for each in request.messages)
    return shown(refusal.sentence, secrets, said)


def _strings(value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case Mapping():
            return [text for each in value.values() for text in _strings(each)]
        case list():
            return [text for each in value for text in _strings(each)]
        case _:
            return []


async def _whole(client: AsyncOpenAI, body: bytes, options: Any, answer: Answer) -> None:
    # The client's generic call: its typed one walks through every tool's schema by its type hints
    # and builds models out of the answer, 4 ms of CPU a call where this takes 1.
    response = await client.post(_PATH, cast_to=httpx2.Response, content=body, options=options)
    _take(answer, orjson.loads(response.content))


async def _streamed(
    client: AsyncOpenAI, body: bytes, options: Any, answer: Answer, wrote: Callable[[str], None]
) -> None:
    stream = await client.post(
        _PATH, cast_to=object, content=body, options=options, stream=True,
        stream_cls=AsyncStream[object],
    )  # fmt: skip
    async with stream:
        if "application/json" in stream.response.headers.get("content-type", ""):
            _take(answer, orjson.loads(await stream.response.aread()))
            return
        async for piece in stream:
            if not isinstance(piece, Mapping):
                raise Told(piece)
            if answer.take_piece(piece):
                wrote(answer.so_far())


def _take(answer: Answer, told: Any) -> None:
    failed = told[0] if isinstance(told, list) and told else told
    if isinstance(failed, Mapping) and failed.get("error") and not failed.get("choices"):
        raise Told(failed)
    answer.take(told)
