"""The talk with the model of one turn: its steps, its time, what it costs."""

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
"""To a model that fails, for one answer; then people take over."""
TOKEN_LIMIT_FACTOR = 4
"""Times ``max_tokens``, once in a turn, for an answer that did not fit: models that think first
count their thinking.
"""
_MILLION = Decimal(1_000_000)
WorkResult = TypeVar("WorkResult")


@dataclass(slots=True)
class ModelSession:
    """What was said to the model and by it. ``messages`` grows; nothing is taken back."""

    models: ModelClient
    settings: AssistantSettings
    messages: list[ChatCompletionMessageParam]
    tools: Sequence[Any]
    on_draft: Callable[[str], None]
    """Told the model's words while they come."""
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    """Of those read, what the end point had kept from before."""
    call_count: int = 0
    """Answers of the model."""
    deadline: float = field(init=False)
    _token_limit: int = field(init=False)
    _partial_completion: ModelCompletion | None = field(init=False, default=None)
    """What was said of an answer that did not fit."""

    def __post_init__(self) -> None:
        # Kept settings may be older than the bound: the turn ends, so its model does before.
        self.deadline = time.monotonic() + min(self.settings.max_seconds, MAX_MODEL_SECONDS)
        self._token_limit = self.settings.max_tokens

    @property
    def cost(self) -> Decimal:
        """In the currency of the assistant's prices."""
        spent = self.tokens_in * self.settings.price_in + self.tokens_out * self.settings.price_out
        return spent / _MILLION

    async def run_untimed(self, work: Awaitable[WorkResult]) -> WorkResult:
        """Work that is not the model's, so its time is not taken from the model."""
        began = time.monotonic()
        try:
            return await work
        finally:
            self.deadline += time.monotonic() - began

    async def request_completion(self) -> ModelCompletion:
        """The next thing the model says or wants. Raises ``ModelError`` when it does not."""
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

    def add_tool_results(self, said: str, results: Sequence[tuple[ModelToolCall, str]]) -> None:
        """The model's calls and what came of them, in its order."""
        calls: list[Any] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
                **call.extra_fields,
            }
            for call, _ in results
        ]
        message: Any = {"role": "assistant", "content": said or None, "tool_calls": calls}
        thinking = next((call.thinking for call, _ in results if call.thinking), "")
        if thinking:
            message["reasoning_content"] = thinking
        self.messages.append(message)
        for call, result in results:
            self.messages.append({"role": "tool", "tool_call_id": call.id, "content": result})

    def add_correction(self, said: str, why: str) -> None:
        """The text did not leave; the model may say it better once."""
        self.messages.append({"role": "assistant", "content": said})
        self.messages.append(build_system_note("correção", why))

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
        said = replace(completion, text=text, calls=tuple(map(_to_storable_call, completion.calls)))
        self._check_completion(said)
        return said

    def _check_completion(self, said: ModelCompletion) -> None:
        """Raises ``ModelError`` for what is no answer, or half of one."""
        whole = said.calls and all(
            call.arguments == valid_or_empty(call.arguments) for call in said.calls
        )
        if said.finish == "length" and not whole:
            if self._token_limit == self.settings.max_tokens:
                self._partial_completion = said if said.text or said.calls else None
                error = ModelError(
                    f"the answer did not fit in {self._token_limit} tokens: raise max_tokens",
                    code="model_length",
                    retryable=True,
                )
                self._token_limit *= TOKEN_LIMIT_FACTOR
                raise error
            if not said.text and not said.calls:
                raise ModelError(
                    f"the model wrote {self._token_limit} tokens and said nothing: raise "
                    f"max_tokens",
                    code="model_length",
                    retryable=False,
                )
        if said.calls:
            return
        if said.finish == "content_filter":
            raise ModelError(
                "the model's provider did not let the answer pass",
                code="model_filtered",
                retryable=False,
            )
        if not said.text and said.refusal:
            raise ModelError("the model refuses to answer", code="model_refused", retryable=True)
        if not said.text:
            raise ModelError("the model said nothing", code="model_empty", retryable=True)


def _to_storable_call(call: ModelToolCall) -> ModelToolCall:
    return replace(
        call,
        id=to_storable_text(call.id),
        name=to_storable_text(call.name),
        arguments=to_storable_text(call.arguments),
    )
