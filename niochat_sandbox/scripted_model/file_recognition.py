"""Transcription and description of files by the labels that the sandbox embeds in them.

Source: OpenAI's API reference, "Create transcription" and "Images and vision".
"""

import base64
import binascii
from typing import Any

import orjson
from starlette.datastructures import UploadFile
from starlette.requests import Request

from niochat_sandbox.http_json import JsonObject
from niochat_sandbox.sample_files import read_file_label
from niochat_sandbox.scripted_model.model_errors import ModelApiError, build_field_error
from niochat_sandbox.voice_notes import read_voice_note_text

MAX_AUDIO_BYTES = 25 * 2**20
"""The maximum size of a file to transcribe, in bytes."""
_FILE_PART_TYPES = ("image_url", "file")


async def transcribe_file(request: Request, *, empty: bool) -> JsonObject:
    """Respond to a form with ``file`` and ``model``; an unknown sound has an empty text."""
    async with request.form(max_files=1, max_part_size=MAX_AUDIO_BYTES) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise build_field_error("file", "Missing required parameter: 'file'.")
        if not form.get("model"):
            raise build_field_error("model", "you must provide a model parameter")
        data = await file.read(MAX_AUDIO_BYTES + 1)
    if len(data) > MAX_AUDIO_BYTES:
        raise ModelApiError(413, "Maximum content size limit (26214400) exceeded.")
    if not data.startswith((b"OggS", b"ID3", b"RIFF")):
        raise build_field_error(
            "file", "Invalid file format. Supported formats: ['ogg', 'mp3', 'wav']"
        )
    return {"text": "" if empty else read_voice_note_text(data) or ""}


def describe_last_file(messages: list[JsonObject]) -> JsonObject | None:
    """Describe the file of the last message; ``None`` if it has no file."""
    content = messages[-1].get("content")
    parts = content if isinstance(content, list) else []
    files = [_decode_file(part) for part in parts if part.get("type") in _FILE_PART_TYPES]
    if not files:
        return None
    return read_file_label(files[-1]) or {"kind": "other"}


def encode_description(description: JsonObject) -> str:
    """Encode the description as the JSON that was requested."""
    return orjson.dumps(description).decode()


def _decode_file(part: JsonObject) -> bytes:
    source: Any = part.get(str(part["type"]))
    source = source if isinstance(source, dict) else {}
    _, _, encoded = str(source.get("url") or source.get("file_data") or "").partition(";base64,")
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise build_field_error("messages", "Invalid base64 data in a file.") from None
