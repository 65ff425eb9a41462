"""Reads a file in the pool: transcribes voice notes, extracts facts of pictures and PDFs."""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from niochat.adapters.models.openai.completion_types import ModelEndpoint, ModelError
from niochat.adapters.models.openai.model_client import ModelClient
from niochat.adapters.models.openai.speech_to_text import transcribe
from niochat.attachments.audio_duration import ogg_seconds
from niochat.attachments.pdf_facts import extract_pdf_facts
from niochat.attachments.pdf_text import extract_pdf_text
from niochat.attachments.vision import MAX_VISION_BYTES, PDF_TYPE, PICTURE_TYPES, describe_file
from niochat.domain.conversation.file_reading import (
    MAX_VOICE_SECONDS,
    FileReading,
    FileReadingRequest,
    ReadableFileKind,
    format_transcript,
)
from niochat.domain.errors import NiochatError

TRANSCRIPTION_TIMEOUT_S = 60.0
"""For one voice note."""
_MINUTE = 60
_MILLION = 1_000_000

FileBytesLoader = Callable[[UUID, UUID], Awaitable[bytes | None]]
"""Loads the bytes of (tenant, file)."""


class MediaModelSettings(Protocol):
    """The settings of an assistant for audio and pictures; ``None``: it has no model for them."""

    @property
    def hearing(self) -> ModelEndpoint | None: ...
    @property
    def hearing_price(self) -> Decimal: ...
    @property
    def seeing(self) -> ModelEndpoint | None: ...
    @property
    def price_in(self) -> Decimal: ...
    @property
    def price_out(self) -> Decimal: ...


MediaModelSettingsLoader = Callable[[UUID], Awaitable[MediaModelSettings]]
"""Loads them for a tenant; raises ``NotFoundError`` when it has no assistant."""


class AttachmentReader:
    """Reads files. Errors are returned as data, because the result crosses processes."""

    def __init__(
        self,
        models: ModelClient,
        load_file: FileBytesLoader,
        load_settings: MediaModelSettingsLoader,
        transcription_timeout_s: float = TRANSCRIPTION_TIMEOUT_S,
    ) -> None:
        self._models = models
        self._load_file = load_file
        self._load_settings = load_settings
        self._transcription_timeout_s = transcription_timeout_s

    async def read_file(self, request: FileReadingRequest) -> FileReading:
        """The content of the file. Never raises a ``NiochatError``."""
        try:
            senses = await self._load_settings(request.tenant_id)
            data = await self._load_file(request.tenant_id, request.file_id)
            if not data:
                return FileReading(code="gone" if data is None else "empty")
            match request.sort:
                case ReadableFileKind.VOICE:
                    return await self._transcribe_voice(senses, request, data)
                case ReadableFileKind.PICTURE:
                    return await self._describe_picture(senses, request, data)
                case ReadableFileKind.DOCUMENT:
                    return await self._read_pdf(senses, request, data)
        except ModelError as error:
            return FileReading(code=error.code, detail=str(error), again=error.retryable)
        except NiochatError as error:
            return FileReading(code=error.code, detail=str(error), again=error.retryable)

    async def _transcribe_voice(
        self, senses: MediaModelSettings, request: FileReadingRequest, data: bytes
    ) -> FileReading:
        endpoint = senses.hearing
        if endpoint is None:
            return FileReading(code="switched_off")
        if not request.mimetype.startswith("audio/"):
            return FileReading(code="not_audio")
        seconds = ogg_seconds(data) or request.seconds
        if seconds > MAX_VOICE_SECONDS:
            return FileReading(code="too_long", seconds=seconds)
        heard = await transcribe(
            self._models, endpoint, data, request.mimetype, self._transcription_timeout_s
        )
        seconds = heard.seconds or seconds
        text = format_transcript(heard.text)
        return FileReading(
            text,
            code="" if text else "no_words",
            model=endpoint.model,
            seconds=seconds,
            cost=senses.hearing_price * Decimal(seconds) / _MINUTE,
        )

    async def _read_pdf(
        self, senses: MediaModelSettings, request: FileReadingRequest, data: bytes
    ) -> FileReading:
        """Facts from the text of a PDF by rules; a PDF without text goes to the model."""
        if request.mimetype != PDF_TYPE:
            return FileReading(code="not_pdf")
        text = await extract_pdf_text(data)
        if text is None:
            return FileReading(code="unreadable")
        if text:
            return FileReading(facts=extract_pdf_facts(text))
        return await self._describe_picture(senses, request, data)

    async def _describe_picture(
        self, senses: MediaModelSettings, request: FileReadingRequest, data: bytes
    ) -> FileReading:
        endpoint = senses.seeing
        if endpoint is None:
            return FileReading(code="switched_off")
        if request.mimetype not in (*PICTURE_TYPES, PDF_TYPE):
            return FileReading(code="not_a_picture")
        if len(data) > MAX_VISION_BYTES:
            return FileReading(code="too_large")
        facts, told = await describe_file(self._models, endpoint, data, request.mimetype)
        cost = (told.tokens_in * senses.price_in + told.tokens_out * senses.price_out) / _MILLION
        return FileReading(
            facts=facts,
            model=told.model,
            tokens_in=told.tokens_in,
            tokens_out=told.tokens_out,
            cost=cost,
        )
