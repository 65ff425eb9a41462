"""Any OpenAI-compatible model, by the ``openai`` client on its aiohttp transport."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from time import time

import openai
from openai import AsyncOpenAI, DefaultAioHttpClient
from openai.types.chat import ChatCompletionMessageParam

from niochat.domain.errors import NiochatError


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a tenant's model is. ``key`` is a secret: never logged."""

    url: str
    key: str
    model: str


@dataclass(frozen=True, slots=True)
class Completion:
    """What the model said. Tokens as the endpoint counts them, 0 when it does not."""

    text: str
    model: str
    tokens_in: int = 0
    tokens_out: int = 0


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

    def __init__(self) -> None:
        self._clients: dict[tuple[str, str], AsyncOpenAI] = {}

    async def complete(
        self,
        endpoint: Endpoint,
        messages: Sequence[ChatCompletionMessageParam],
        *,
        max_tokens: int,
        timeout_s: float,
        stream: bool,
    ) -> Completion:
        """One call, no repeats. Raises ``ModelError``."""
        client = self._client(endpoint).with_options(timeout=timeout_s)
        try:
            if stream:
                return await _streamed(client, endpoint.model, messages, max_tokens)
            return await _whole(client, endpoint.model, messages, max_tokens)
        except openai.OpenAIError as error:
            raise translate(error) from error
        except (ValueError, TypeError, AttributeError, IndexError) as error:
            raise ModelError(
                f"the model's answer is not one: {error!r}", code="model_malformed", retryable=True
            ) from error

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
                http_client=DefaultAioHttpClient(),
            )
        return self._clients[known]


async def _whole(
    client: AsyncOpenAI,
    model: str,
    messages: Sequence[ChatCompletionMessageParam],
    max_tokens: int,
) -> Completion:
    answer = await client.chat.completions.create(
        model=model, messages=list(messages), max_tokens=max_tokens
    )
    usage = answer.usage
    return Completion(
        answer.choices[0].message.content or "",
        answer.model,
        usage.prompt_tokens if usage else 0,
        usage.completion_tokens if usage else 0,
    )


async def _streamed(
    client: AsyncOpenAI,
    model: str,
    messages: Sequence[ChatCompletionMessageParam],
    max_tokens: int,
) -> Completion:
    parts: list[str] = []
    tokens_in = tokens_out = 0
    stream = await client.chat.completions.create(
        model=model,
        messages=list(messages),
        max_tokens=max_tokens,
        stream=True,
        stream_options={"include_usage": True},
    )
    async with stream:
        async for chunk in stream:
            if chunk.choices and chunk.choices[0].delta.content:
                parts.append(chunk.choices[0].delta.content)
            if chunk.usage:
                tokens_in, tokens_out = chunk.usage.prompt_tokens, chunk.usage.completion_tokens
    return Completion("".join(parts), model, tokens_in, tokens_out)


def translate(error: openai.OpenAIError) -> ModelError:
    """The client's errors as ours, with what the operator has to know."""
    match error:
        case openai.APITimeoutError():
            return ModelError("the model was too slow", code="model_timeout", retryable=True)
        case openai.APIConnectionError():
            return ModelError(
                "the model cannot be reached", code="model_unreachable", retryable=True
            )
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
        case _:
            return ModelError(
                f"the model's answer is not one: {error!r}", code="model_malformed", retryable=True
            )


def _retry_after(headers: Mapping[str, str]) -> float:
    value = headers.get("retry-after", "")
    try:
        return max(float(value), 0.0)
    except ValueError:
        pass
    try:
        return max(parsedate_to_datetime(value).timestamp() - time(), 0.0)
    except (ValueError, TypeError):
        return 1.0
