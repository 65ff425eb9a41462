"""One run of the assistant: bounded in steps, tokens and seconds; it always ends in a report."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import structlog
from openai.types.chat import ChatCompletionMessageParam

from niochat.adapters.openai.model import Completion, Endpoint, ModelError, Models
from niochat.adapters.postgres.database import Database
from niochat.adapters.postgres.queries import queries
from niochat.assistant.prompt import system_prompt
from niochat.assistant.report import TurnReport, TurnRequest
from niochat.assistant.settings import AssistantSettings, SettingsOf
from niochat.assistant.transcript import as_chat, read_transcript
from niochat.domain.commands import FinishAssistantTurn, TurnOutcome
from niochat.domain.errors import NiochatError, Unavailable
from niochat.domain.ids import TurnId

_SQL = queries("assistant")
_log = structlog.get_logger(__name__)
Found = TypeVar("Found")

MAX_CALLS = 4
"""To a model that fails, within one turn; then people take over."""
DATABASE_BACK_WITHIN_S = 40.0
MAX_TEXT = 4000
"""Characters of one message; WhatsApp takes 4,096."""


class Assistant:
    """Runs turns of any tenant, each with that tenant's role and settings."""

    def __init__(
        self,
        database: Database,
        models: Models,
        settings_of: SettingsOf,
        *,
        database_back_within_s: float = DATABASE_BACK_WITHIN_S,
    ) -> None:
        self._database = database
        self._models = models
        self._settings_of = settings_of
        self._database_back_within_s = database_back_within_s

    async def run(self, request: TurnRequest) -> TurnReport:
        """The turn's report; a failure is one too, with a code that an operator understands."""
        failed = FinishAssistantTurn(
            TurnId(request.turn_id), request.attempt, TurnOutcome.FAILED, code="model_failed"
        )
        try:
            return await self._run(request, failed)
        except NiochatError as error:
            _log.warning("turn_failed", turn=str(request.turn_id), code=error.code)
            finish = replace(failed, code=error.code, detail=storable(str(error))[:500])
            return TurnReport(finish, getattr(error, "retry_after_s", 0.0))
        except Exception as error:  # noqa: BLE001 - run again, it would raise again
            _log.error("turn_failed", turn=str(request.turn_id), exc_info=error)
            return TurnReport(replace(failed, detail=type(error).__name__))

    async def _run(self, request: TurnRequest, failed: FinishAssistantTurn) -> TurnReport:
        # One deadline for all three: whoever watches the turn is not patient for ever.
        deadline = time.monotonic() + self._database_back_within_s
        if not await patiently(lambda: self._current(request), deadline):
            return TurnReport(replace(failed, code="turn_not_current"))
        settings = await patiently(lambda: self._settings_of(request.tenant_id), deadline)
        lines = await patiently(
            lambda: read_transcript(
                self._database, request.tenant_id, request.conversation_id, request.upto_version
            ),
            deadline,
        )
        prompt = system_prompt(settings.persona, request.protocol)
        completion = await self._ask(settings, prompt.text, as_chat(lines))
        finish = replace(
            failed,
            outcome=TurnOutcome.ANSWERED,
            texts=(completion.text[:MAX_TEXT],),
            code="",
            model=storable(completion.model),
            prompt_version=prompt.version,
            tokens_in=completion.tokens_in,
            tokens_out=completion.tokens_out,
        )
        return TurnReport(finish)

    async def _current(self, request: TurnRequest) -> bool:
        async with self._database.tenant(request.tenant_id) as connection:
            return bool(
                await connection.fetchval(
                    _SQL["current"], request.tenant_id, request.turn_id, request.attempt
                )
            )

    async def _ask(
        self, settings: AssistantSettings, system: str, chat: list[ChatCompletionMessageParam]
    ) -> Completion:
        """Ask until there is an answer: a few calls, within ``max_seconds``."""
        deadline = time.monotonic() + settings.max_seconds
        error = ModelError("no time was left", code="model_timeout", retryable=False)
        pause = 0.0
        for step in range(min(settings.max_steps, MAX_CALLS)):
            left = deadline - time.monotonic() - pause
            if left <= 0:
                break
            await asyncio.sleep(pause)
            try:
                return await self._call(settings, system, chat, left)
            except ModelError as failure:
                error = failure
            if not error.retryable:
                break
            pause = error.retry_after_s or min(0.5 * 2**step, 8.0) * random.uniform(0.7, 1.3)
        raise error

    async def _call(
        self,
        settings: AssistantSettings,
        system: str,
        chat: list[ChatCompletionMessageParam],
        left: float,
    ) -> Completion:
        endpoint = Endpoint(settings.endpoint, settings.api_key, settings.model)
        messages: list[ChatCompletionMessageParam] = [{"role": "system", "content": system}, *chat]
        try:
            async with asyncio.timeout(left):
                completion = await self._models.complete(
                    endpoint,
                    messages,
                    max_tokens=settings.max_tokens,
                    timeout_s=left,
                    stream=settings.stream,
                )
        except TimeoutError as error:
            raise ModelError(
                f"no answer within {settings.max_seconds:g} s",
                code="model_timeout",
                retryable=False,
            ) from error
        text = storable(completion.text).strip()
        if not text:
            raise ModelError("the model said nothing", code="model_empty", retryable=True)
        return replace(completion, text=text)


def storable(text: str) -> str:
    """The text as PostgreSQL takes it: without NUL, and without halves of a character.

    Through UTF-16, so that two halves sent apart become the character they meant.
    """
    return text.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


async def patiently(read: Callable[[], Awaitable[Found]], deadline: float) -> Found:
    """Read again while the database is away, for a while: the model is not to blame."""
    while True:
        try:
            return await read()
        except Unavailable:
            if time.monotonic() >= deadline:
                raise
        await asyncio.sleep(random.uniform(0.3, 0.9))
