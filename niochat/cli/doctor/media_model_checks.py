"""Checks the models that transcribe voice notes and describe pictures, with one request each."""

import io
import struct
import wave
import zlib
from collections.abc import Callable
from uuid import UUID

from niochat.adapters.models.openai.completion_types import ModelError
from niochat.adapters.models.openai.speech_to_text import transcribe
from niochat.attachments.attachment_reader import TRANSCRIPTION_TIMEOUT_S
from niochat.attachments.vision import describe_file
from niochat.composition.assistant_factory import open_models
from niochat.composition.components import Components
from niochat.domain.errors import NiochatError

_RATE, _SECOND = 16_000, 2
_SIDE = 64

ReportFinding = Callable[[str, str, bool], bool]
"""Called with (provider, sentence, whether all is well)."""


async def check_media_models(
    parts: Components, slug: str, tenant_id: UUID, report: ReportFinding
) -> bool:
    """Report each model that is configured. Return whether all work."""
    try:
        settings = await parts.directory.assistant(tenant_id)
    except NiochatError:
        return True  # the check of the model has reported it
    models, well = open_models(parts), True
    try:
        if settings.hearing is not None:
            model = settings.hearing.model
            try:
                await transcribe(
                    models, settings.hearing, silent_wav(), "audio/wav", TRANSCRIPTION_TIMEOUT_S
                )
                report(slug, f"voice notes: {model} answers", True)
            except ModelError as error:
                well = report(slug, f"voice notes: {model}: {error}", False)
        if settings.seeing is not None:
            model = settings.seeing.model
            try:
                await describe_file(models, settings.seeing, blank_png(), "image/png")
                report(slug, f"pictures: {model} answers", True)
            except ModelError as error:
                well = report(slug, f"pictures: {model}: {error}", False)
    finally:
        await models.close()
    return well


def silent_wav() -> bytes:
    """Return two seconds of silence as WAV."""
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(_RATE)
        sound.writeframes(bytes(2 * _RATE * _SECOND))
    return file.getvalue()


def blank_png() -> bytes:
    """Return a white square as PNG."""
    rows = (b"\0" + b"\xff" * 3 * _SIDE) * _SIDE
    head = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )
