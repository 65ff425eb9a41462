"""Any OpenAI-compatible model, by the ``openai`` client on its aiohttp transport."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import time

import aiohttp
import httpx2
import openai
import orjson
from httpx_aiohttp.httpx2 import AiohttpTransport
from openai import AsyncOpenAI, DefaultAioHttpClient, omit
from openai.types.chat import ChatCompletionFunctionToolParam, ChatCompletionMessageParam

from niochat.adapters.connections import shared_session
from niochat.adapters.guard import PRIVATE, ForbiddenAddress, Guard
from niochat.domain.errors import NiochatError

DEFAULT_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
_MOST_TOKENS = 2**31
_ARGUMENTS = 2
_CONNECTIONS = 1000
"""Of one endpoint and key."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a tenant's model is. ``key`` is a secret: never logged."""

    url: str
    key: str
    model: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function the model wants to be called. ``arguments`` as it wrote them, maybe not JSON."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model said or wants. Tokens as the endpoint counts them, 0 when it does not."""

    text: str
    model: str
    tokens_in: int = 0
    tokens_out: int = 0
    calls: tuple[ToolCall, ...] = ()


class ModelError(NiochatError):
    """The model did not answer. ``code`` says why; ``retry_after_s`` when it asked to wait."""

    def __init__(
        self, message: str, *, code: str, retryable: bool, retry_after_s: float = 0.0
    ) -> None:
        super().__init__(message, code=code)
        self.retryable = retryable
        self.retry_after_s = retry_after_s


class Models:
    """Clients by endpoint and key, kept open."""

    def __init__(self, guard: Guard | None = None) -> None:
        """Without a ``guard`` any address may be reached."""
        self._guard = guard
        self._tls = httpx2.create_ssl_context()
        self._clients: dict[tuple[str, str], AsyncOpenAI] = {}

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
        """One call, no repeats. Of a ``stream``, ``wrote`` is told all of the text so far, again
        and again. Raises ``ModelError``.
        """
        request = _Request(endpoint.model, messages, max_tokens, tools, timeout_s, wrote)
        try:
            return await (_streamed if stream else _whole)(self._client(endpoint), request)
        except Exception as error:  # every library below the client has errors of its own
            raise translate(error) from error

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients.values():
            await client.close()
        self._clients.clear()

    def _client(self, endpoint: Endpoint) -> AsyncOpenAI:
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


@dataclass(frozen=True, slots=True)
class _Request:
    model: str
    messages: Sequence[ChatCompletionMessageParam]
    max_tokens: int
    tools: Sequence[ChatCompletionFunctionToolParam]
    timeout_s: float
    wrote: Callable[[str], None]

    def body(self) -> bytes:
        """The same JSON as the client's own method makes."""
        body: dict[str, object] = {
            "model": self.model, "messages": self.messages, "max_tokens": self.max_tokens,
        }  # fmt: skip
        if self.tools:
            body["tools"] = self.tools
        return orjson.dumps(body)


async def _whole(client: AsyncOpenAI, request: _Request) -> Completion:
    # The client's generic call: its typed one walks through every tool's schema by its type hints
    # and builds models out of the answer, 4 ms of CPU a call where this takes 1.
    response = await client.post(
        "/chat/completions",
        cast_to=httpx2.Response,
        content=request.body(),
        options={"timeout": request.timeout_s, "headers": {"Content-Type": "application/json"}},
    )
    answer = orjson.loads(response.content)
    message = answer["choices"][0]["message"]
    calls = _Calls()
    for index, call in enumerate(message.get("tool_calls") or ()):
        function = call.get("function") or {}
        calls.add(index, call.get("id"), function.get("name"), function.get("arguments"))
    content, model = message.get("content"), answer.get("model")
    return Completion(
        content if isinstance(content, str) else "",
        model if isinstance(model, str) and model else request.model,
        *_tokens(answer.get("usage")),
        calls.whole(),
    )


async def _streamed(client: AsyncOpenAI, request: _Request) -> Completion:
    parts: list[str] = []
    tokens_in = tokens_out = 0
    calls = _Calls()
    stream = await client.chat.completions.create(
        model=request.model,
        messages=list(request.messages),
        max_tokens=request.max_tokens,
        tools=request.tools or omit,
        stream=True,
        stream_options={"include_usage": True},
        timeout=request.timeout_s,
    )
    async with stream:
        async for chunk in stream:
            if chunk.choices:
                delta = chunk.choices[0].delta
                if delta.content:
                    parts.append(delta.content)
                    request.wrote("".join(parts))
                for call in delta.tool_calls or ():
                    function = call.function
                    calls.add(
                        call.index, call.id, getattr(function, "name", None),
                        getattr(function, "arguments", None),
                    )  # fmt: skip
            if chunk.usage:
                tokens_in, tokens_out = _tokens(chunk.usage.model_dump())
    return Completion("".join(parts), request.model, tokens_in, tokens_out, calls.whole())


class _Calls:
    """Tool calls, put together from the pieces they come in. The client checks no types."""

    def __init__(self) -> None:
        self._parts: dict[int, list[str]] = {}

    def add(self, index: object, *texts: object) -> None:
        """Id, name and arguments of a whole call, or of a piece of one."""
        known = self._parts.setdefault(index if isinstance(index, int) else 0, ["", "", ""])
        for place, text in enumerate(texts):
            # Only arguments come in pieces; some servers repeat id and name with each of them.
            if isinstance(text, str) and (place == _ARGUMENTS or not known[place]):
                known[place] += text

    def whole(self) -> tuple[ToolCall, ...]:
        """In the model's order; a call without an id gets one, so that it can be answered."""
        return tuple(
            ToolCall(id_ or f"call_{index}", name, arguments)
            for index, (id_, name, arguments) in sorted(self._parts.items())
        )


def _tokens(usage: object) -> tuple[int, int]:
    """(in, out) as far as they can be believed: the client does not check what came."""
    told = usage if isinstance(usage, Mapping) else {}
    counts = (told.get(name) for name in ("prompt_tokens", "completion_tokens"))
    read, said = (
        count if isinstance(count, int) and 0 <= count < _MOST_TOKENS else 0 for count in counts
    )
    return read, said


def translate(error: Exception) -> ModelError:
    """The client's errors as ours, with what the operator has to know."""
    match error:
        case openai.APIConnectionError():
            return _away(error)
        case openai.RateLimitError():
            wait = _retry_after(error.response.headers)
            return ModelError(
                "the model's rate limit is reached", code="model_rate_limited", retryable=True,
                retry_after_s=wait,
            )  # fmt: skip
        case openai.AuthenticationError() | openai.PermissionDeniedError():
            return ModelError(
                "the model refuses the key: set another api_key", code="model_unauthorized",
                retryable=False,
            )  # fmt: skip
        case openai.APIStatusError():
            return ModelError(
                f"the model answered {error.status_code}", code=f"model_{error.status_code}",
                retryable=error.status_code >= 500,
            )  # fmt: skip
        case _ if any(isinstance(cause, aiohttp.ClientError | OSError) for cause in _causes(error)):
            return _away(error)
        case _:
            return _malformed(error)


def _away(error: Exception) -> ModelError:
    """No answer: too slow, or not there at all.

    ``httpx-aiohttp`` maps *every* broken connection to ``httpx.ConnectTimeout``, so a time-out
    is believed only where aiohttp's own error underneath is one.
    """
    causes = list(_causes(error))
    broken = any(isinstance(cause, aiohttp.ClientConnectionError) for cause in causes)
    too_slow = any(isinstance(cause, TimeoutError) for cause in causes)
    if too_slow or (not broken and isinstance(error, openai.APITimeoutError)):
        return ModelError("the model was too slow", code="model_timeout", retryable=True)
    if any(isinstance(cause, ForbiddenAddress) for cause in causes):
        return ModelError(f"the model: {PRIVATE}", code="model_unreachable", retryable=True)
    return ModelError("the model cannot be reached", code="model_unreachable", retryable=True)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


def _malformed(error: Exception) -> ModelError:
    return ModelError(
        f"the model's answer is not one: {error!r}", code="model_malformed", retryable=True
    )


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds that were asked for, at most a minute: a whole tenant waits so long."""
    value = headers.get("retry-after", "")
    try:
        seconds = float(value)
    except ValueError:
        seconds = _seconds_until(value)
    return min(max(seconds, 0.0), LONGEST_WAIT_S) if not math.isnan(seconds) else DEFAULT_WAIT_S


def _seconds_until(date: str) -> float:
    try:
        return parsedate_to_datetime(date).timestamp() - time()
    except (ValueError, TypeError, OverflowError, IndexError):
        return DEFAULT_WAIT_S
