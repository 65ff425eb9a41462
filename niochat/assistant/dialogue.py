"""The talk with the model of one turn: its steps, its time, what it costs."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, TypeVar

from openai.types.chat import ChatCompletionMessageParam

from niochat.adapters.openai.model import Completion, Endpoint, ModelError, Models, ToolCall
from niochat.assistant.folding import storable
from niochat.assistant.settings import AssistantSettings

MAX_CALLS = 4
"""To a model that fails, for one answer; then people take over."""
_MILLION = Decimal(1_000_000)
Result = TypeVar("Result")


@dataclass(slots=True)
class Dialogue:
    """What was said to the model and by it. ``messages`` grows; nothing is taken back."""

    models: Models
    settings: AssistantSettings
    messages: list[ChatCompletionMessageParam]
    tools: Sequence[Any]
    wrote: Callable[[str], None]
    """Told the model's words while they come."""
    model: str = ""
    tokens_in: int = 0
    tokens_out: int = 0
    deadline: float = field(init=False)

    def __post_init__(self) -> None:
        self.deadline = time.monotonic() + self.settings.max_seconds

    @property
    def cost(self) -> Decimal:
        """In the currency of the assistant's prices."""
        spent = self.tokens_in * self.settings.price_in + self.tokens_out * self.settings.price_out
        return spent / _MILLION

    async def outside(self, work: Awaitable[Result]) -> Result:
        """Work that is not the model's, so its time is not taken from the model."""
        began = time.monotonic()
        try:
            return await work
        finally:
            self.deadline += time.monotonic() - began

    async def ask(self) -> Completion:
        """The next thing the model says or wants. Raises ``ModelError`` when it does not."""
        error = ModelError("no time was left", code="model_timeout", retryable=False)
        pause = 0.0
        for attempt in range(MAX_CALLS):
            left = self.deadline - time.monotonic() - pause
            if left <= 0:
                break
            await asyncio.sleep(pause)
            try:
                return await self._call(left)
            except ModelError as failure:
                error = failure
            if not error.retryable:
                break
            pause = error.retry_after_s or min(0.5 * 2**attempt, 8.0) * random.uniform(0.7, 1.3)
        raise error

    def answer(self, said: str, results: Sequence[tuple[ToolCall, str]]) -> None:
        """The model's calls and what came of them, in its order."""
        calls: list[Any] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call, _ in results
        ]
        self.messages.append({"role": "assistant", "content": said or None, "tool_calls": calls})
        for call, result in results:
            self.messages.append({"role": "tool", "tool_call_id": call.id, "content": result})

    def correct(self, said: str, why: str) -> None:
        """The text did not leave; the model may say it better once."""
        self.messages.append({"role": "assistant", "content": said})
        self.messages.append({"role": "system", "content": why})

    async def _call(self, left: float) -> Completion:
        settings = self.settings
        endpoint = Endpoint(settings.endpoint, settings.api_key, settings.model)
        try:
            async with asyncio.timeout(left):
                completion = await self.models.complete(
                    endpoint,
                    self.messages,
                    max_tokens=settings.max_tokens,
                    timeout_s=left,
                    stream=settings.stream,
                    tools=self.tools,
                    wrote=self.wrote,
                )
        except TimeoutError as error:
            raise ModelError(
                f"no answer within {settings.max_seconds:g} s",
                code="model_timeout",
                retryable=False,
            ) from error
        self.model = storable(completion.model)
        self.tokens_in += completion.tokens_in
        self.tokens_out += completion.tokens_out
        text = storable(completion.text).strip()
        if not text and not completion.calls:
            raise ModelError("the model said nothing", code="model_empty", retryable=True)
        return replace(completion, text=text, calls=tuple(map(_storable_call, completion.calls)))


def _storable_call(call: ToolCall) -> ToolCall:
    return ToolCall(storable(call.id), storable(call.name), storable(call.arguments))
