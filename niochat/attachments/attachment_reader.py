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
"""Seconds for one voice note."""
_MINUTE = 60
_MILLION = 1_000_000

FileBytesLoader = Callable[[UUID, UUID], Awaitable[bytes | None]]
"""Loads the bytes of (tenant, file)."""


class MediaModelSettings(Protocol):
    """An assistant's settings for audio and pictures. Without a model for one of them, its
    endpoint is ``None``.
    """

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
"""Loads the settings of a tenant; raises ``NotFoundError`` when it has no assistant."""


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
        """Read the content of the file. Never raises a ``NiochatError``."""
        try:
            settings = await self._load_settings(request.tenant_id)
            data = await self._load_file(request.tenant_id, request.file_id)
            if not data:
                return FileReading(code="gone" if data is None else "empty")
            match request.sort:
                case ReadableFileKind.VOICE:
                    return await self._transcribe_voice(settings, request, data)
                case ReadableFileKind.PICTURE:
                    return await self._describe_picture(settings, request, data)
                case ReadableFileKind.DOCUMENT:
                    return await self._read_pdf(settings, request, data)
        except ModelError as error:
            return FileReading(code=error.code, detail=str(error), again=error.retryable)
        except NiochatError as error:
            return FileReading(code=error.code, detail=str(error), again=error.retryable)

    async def _transcribe_voice(
        self, settings: MediaModelSettings, request: FileReadingRequest, data: bytes
    ) -> FileReading:
        endpoint = settings.hearing
        if endpoint is None:
            return FileReading(code="switched_off")
        if not request.mimetype.startswith("audio/"):
            return FileReading(code="not_audio")
        seconds = ogg_seconds(data) or request.seconds
        if seconds > MAX_VOICE_SECONDS:
            return FileReading(code="too_long", seconds=seconds)
        transcript = await transcribe(
            self._models, endpoint, data, request.mimetype, self._transcription_timeout_s
        )
        seconds = transcript.seconds or seconds
        text = format_transcript(transcript.text)
        return FileReading(
            text,
            code="" if text else "no_words",
            model=endpoint.model,
            seconds=seconds,
            cost=settings.hearing_price * Decimal(seconds) / _MINUTE,
        )

    async def _read_pdf(
        self, settings: MediaModelSettings, request: FileReadingRequest, data: bytes
    ) -> FileReading:
        """Extract facts from the text of a PDF by rules; a PDF without text goes to the model."""
        if request.mimetype != PDF_TYPE:
            return FileReading(code="not_pdf")
        text = await extract_pdf_text(data)
        if text is None:
            return FileReading(code="unreadable")
        if text:
            return FileReading(facts=extract_pdf_facts(text))
        return await self._describe_picture(settings, request, data)

    async def _describe_picture(
        self, settings: MediaModelSettings, request: FileReadingRequest, data: bytes
    ) -> FileReading:
        endpoint = settings.seeing
        if endpoint is None:
            return FileReading(code="switched_off")
        if request.mimetype not in (*PICTURE_TYPES, PDF_TYPE):
            return FileReading(code="not_a_picture")
        if len(data) > MAX_VISION_BYTES:
            return FileReading(code="too_large")
        facts, completion = await describe_file(self._models, endpoint, data, request.mimetype)
        cost = (
            completion.tokens_in * settings.price_in + completion.tokens_out * settings.price_out
        ) / _MILLION
        return FileReading(
            facts=facts,
            model=completion.model,
            tokens_in=completion.tokens_in,
            tokens_out=completion.tokens_out,
            cost=cost,
        )
