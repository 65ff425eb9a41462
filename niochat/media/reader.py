"""A member of the pool reads a file: it listens to voice notes, and looks at pictures and PDFs."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from niochat.adapters.openai.completion import Endpoint, ModelError
from niochat.adapters.openai.model import Models
from niochat.adapters.openai.transcription import transcribe
from niochat.domain.errors import NiochatError
from niochat.domain.reading import (
    MAX_VOICE_SECONDS,
    FileReading,
    FileReadingRequest,
    ReadableFileKind,
    format_transcript,
)
from niochat.media.papers import facts_of
from niochat.media.pdf_text import text_of
from niochat.media.seeing import LARGEST, PDF, PICTURES, looked_at
from niochat.media.sounds import ogg_seconds

HEAR_WITHIN_S = 60.0
"""For one voice note."""
_MINUTE = 60
_MILLION = 1_000_000

Whole = Callable[[UUID, UUID], Awaitable[bytes | None]]
"""Of (tenant, file): its bytes."""


class Senses(Protocol):
    """What of an assistant's settings says how it hears and sees; ``None``: it does not."""

    @property
    def hearing(self) -> Endpoint | None: ...
    @property
    def hearing_price(self) -> Decimal: ...
    @property
    def seeing(self) -> Endpoint | None: ...
    @property
    def price_in(self) -> Decimal: ...
    @property
    def price_out(self) -> Decimal: ...


SensesOf = Callable[[UUID], Awaitable[Senses]]
"""Of a tenant; raises ``NotFoundError`` when it has no assistant."""


class Reader:
    """Answers with what came of it, errors too: they travel back as data."""

    def __init__(
        self,
        models: Models,
        whole: Whole,
        senses_of: SensesOf,
        hear_within_s: float = HEAR_WITHIN_S,
    ) -> None:
        self._models = models
        self._whole = whole
        self._senses_of = senses_of
        self._hear_within_s = hear_within_s

    async def read_file(self, request: FileReadingRequest) -> FileReading:
        """What the file says. Never raises a ``NiochatError``."""
        try:
            senses = await self._senses_of(request.tenant_id)
            data = await self._whole(request.tenant_id, request.file_id)
            if not data:
                return FileReading(code="gone" if data is None else "empty")
            match request.sort:
                case ReadableFileKind.VOICE:
                    return await self._hear(senses, request, data)
                case ReadableFileKind.PICTURE:
                    return await self._look(senses, request, data)
                case ReadableFileKind.DOCUMENT:
                    return await self._read_paper(senses, request, data)
        except ModelError as error:
            return FileReading(code=error.code, detail=str(error), again=error.retryable)
        except NiochatError as error:
            return FileReading(code=error.code, detail=str(error), again=error.retryable)

    async def _hear(self, senses: Senses, request: FileReadingRequest, data: bytes) -> FileReading:
        endpoint = senses.hearing
        if endpoint is None:
            return FileReading(code="switched_off")
        if not request.mimetype.startswith("audio/"):
            return FileReading(code="not_audio")
        seconds = ogg_seconds(data) or request.seconds
        if seconds > MAX_VOICE_SECONDS:
            return FileReading(code="too_long", seconds=seconds)
        heard = await transcribe(
            self._models, endpoint, data, request.mimetype, self._hear_within_s
        )
        seconds = heard.seconds or seconds
        text = format_transcript(heard.text)
        return FileReading(
            text, code="" if text else "no_words", model=endpoint.model, seconds=seconds,
            cost=senses.hearing_price * Decimal(seconds) / _MINUTE,
        )  # fmt: skip

    async def _read_paper(
        self, senses: Senses, request: FileReadingRequest, data: bytes
    ) -> FileReading:
        """The text of a PDF by rules; only where it has none is it shown to the model."""
        if request.mimetype != PDF:
            return FileReading(code="not_pdf")
        text = await text_of(data)
        if text is None:
            return FileReading(code="unreadable")
        if text:
            return FileReading(facts=facts_of(text))
        return await self._look(senses, request, data)

    async def _look(self, senses: Senses, request: FileReadingRequest, data: bytes) -> FileReading:
        endpoint = senses.seeing
        if endpoint is None:
            return FileReading(code="switched_off")
        if request.mimetype not in (*PICTURES, PDF):
            return FileReading(code="not_a_picture")
        if len(data) > LARGEST:
            return FileReading(code="too_large")
        facts, told = await looked_at(self._models, endpoint, data, request.mimetype)
        cost = (told.tokens_in * senses.price_in + told.tokens_out * senses.price_out) / _MILLION
        return FileReading(
            facts=facts, model=told.model, tokens_in=told.tokens_in, tokens_out=told.tokens_out,
            cost=cost,
        )  # fmt: skip
