"""The exchange with the model in one turn: its messages, deadline, tokens and cost."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, TypeVar

from openai.types.chat import ChatCompletionMessageParam

from niochat.adapters.models.openai.model_client import (
    ModelClient,
    ModelCompletion,
    ModelEndpoint,
    ModelError,
    ModelToolCall,
)
from niochat.adapters.models.openai.tool_call_arguments import valid_or_empty
from niochat.assistant.prompt.transcript import build_system_note
from niochat.assistant.settings import AssistantSettings
from niochat.domain.backoff import backoff_s
from niochat.domain.conversation.policy import MAX_MODEL_SECONDS
from niochat.domain.text_validation import to_storable_text

MAX_ATTEMPTS = 4
"""Attempts for one answer of a failing model; after them agents take over."""
TOKEN_LIMIT_FACTOR = 4
"""The factor by which ``max_tokens`` is raised, once in a turn, for an answer that did not fit.

Reasoning models count their reasoning as output.
"""
_MILLION = Decimal(1_000_000)
WorkResult = TypeVar("WorkResult")


@dataclass(slots=True)
class ModelSession:
    """The messages between the assistant and the model in one turn. Messages are only appended."""

    models: ModelClient
    settings: AssistantSettings
    messages: list[ChatCompletionMessageParam]
    tools: Sequence[Any]
    on_draft: Callable[[str], None]
    """Receives the model's text while it is streamed."""
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    """Input tokens that the endpoint read from its prompt cache."""
    call_count: int = 0
    """The number of answers that the model gave."""
    deadline: float = field(init=False)
    _token_limit: int = field(init=False)
    _partial_completion: ModelCompletion | None = field(init=False, default=None)
    """The part of an answer that did not fit into ``max_tokens``."""

    def __post_init__(self) -> None:
        # Stored settings may exceed the limit, and the model must finish before the turn's own
        # deadline.
        self.deadline = time.monotonic() + min(self.settings.max_seconds, MAX_MODEL_SECONDS)
        self._token_limit = self.settings.max_tokens

    @property
    def cost(self) -> Decimal:
        """The cost so far, in the currency of the assistant's prices."""
        spent = self.tokens_in * self.settings.price_in + self.tokens_out * self.settings.price_out
        return spent / _MILLION

    async def run_untimed(self, work: Awaitable[WorkResult]) -> WorkResult:
        """Await other work than the model's, and extend the deadline by its duration."""
        began = time.monotonic()
        try:
            return await work
        finally:
            self.deadline += time.monotonic() - began

    async def request_completion(self) -> ModelCompletion:
        """Return the model's next text or tool calls. Raises ``ModelError`` if every
        attempt fails.
        """
        error = ModelError("no time was left", code="model_timeout", retryable=False)
        pause = 0.0
        self._partial_completion = None
        for attempt in range(MAX_ATTEMPTS):
            left = self.deadline - time.monotonic() - pause
            if left <= 0:
                break
            await asyncio.sleep(pause)
            try:
                return await self._request_once(left)
            except ModelError as failure:
                error = failure
            if not error.retryable:
                break
            jitter = random.uniform(0.7, 1.3)
            backoff = backoff_s(attempt, base_s=0.5, max_s=8.0, jitter=jitter)
            pause = 0.0 if error.code == "model_length" else error.retry_after_s or backoff
        if self._partial_completion is not None:
            return self._partial_completion
        raise error

    def add_tool_results(self, text: str, results: Sequence[tuple[ModelToolCall, str]]) -> None:
        """Append the model's calls and their results, in the model's order."""
        calls: list[Any] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
                **call.extra_fields,
            }
            for call, _ in results
        ]
        message: Any = {"role": "assistant", "content": text or None, "tool_calls": calls}
        thinking = next((call.thinking for call, _ in results if call.thinking), "")
        if thinking:
            message["reasoning_content"] = thinking
        self.messages.append(message)
        for call, result in results:
            self.messages.append({"role": "tool", "tool_call_id": call.id, "content": result})

    def add_correction(self, text: str, correction: str) -> None:
        """Append the rejected text and the reason, so that the model can correct it."""
        self.messages.append({"role": "assistant", "content": text})
        self.messages.append(build_system_note("correção", correction))

    async def _request_once(self, left: float) -> ModelCompletion:
        settings = self.settings
        endpoint = ModelEndpoint(
            settings.endpoint, settings.api_key, settings.model, settings.options
        )
        try:
            async with asyncio.timeout(left):
                completion = await self.models.complete(
                    endpoint,
                    self.messages,
                    max_tokens=self._token_limit,
                    timeout_s=left,
                    stream=settings.stream,
                    tools=self.tools,
                    on_text=self.on_draft,
                )
        except TimeoutError as error:
            raise ModelError(
                f"no answer within {settings.max_seconds:g} s",
                code="model_timeout",
                retryable=False,
            ) from error
        self.model = to_storable_text(completion.model)
        self.tokens_in += completion.tokens_in
        self.tokens_out += completion.tokens_out
        self.tokens_cached += completion.tokens_cached
        self.call_count += 1
        text = to_storable_text(completion.text).strip()
        storable = replace(
            completion, text=text, calls=tuple(map(_to_storable_call, completion.calls))
        )
        self._check_completion(storable)
        return storable

    def _check_completion(self, completion: ModelCompletion) -> None:
        """Raise ``ModelError`` if the completion is empty or cut off."""
        whole = completion.calls and all(
            call.arguments == valid_or_empty(call.arguments) for call in completion.calls
        )
        if completion.finish == "length" and not whole:
            if self._token_limit == self.settings.max_tokens:
                self._partial_completion = (
                    completion if completion.text or completion.calls else None
                )
                error = ModelError(
                    f"the answer did not fit in {self._token_limit} tokens: raise max_tokens",
                    code="model_length",
                    retryable=True,
                )
                self._token_limit *= TOKEN_LIMIT_FACTOR
                raise error
            if not completion.text and not completion.calls:
                raise ModelError(
                    f"the model wrote {self._token_limit} tokens and no answer: raise max_tokens",
                    code="model_length",
                    retryable=False,
                )
        if completion.calls:
            return
        if completion.finish == "content_filter":
            raise ModelError(
                "the content filter of the model's provider removed the answer",
                code="model_filtered",
                retryable=False,
            )
        if not completion.text and completion.refusal:
            raise ModelError("the model refused to answer", code="model_refused", retryable=True)
        if not completion.text:
            raise ModelError(
                "the model returned an empty answer", code="model_empty", retryable=True
            )


def _to_storable_call(call: ModelToolCall) -> ModelToolCall:
    return replace(
        call,
        id=to_storable_text(call.id),
        name=to_storable_text(call.name),
        arguments=to_storable_text(call.arguments),
    )
