"""How the simulated model hears and sees: what a file of the sandbox says of itself.

Source: OpenAI's API reference, "Create transcription" and "Images and vision".
"""

import base64
import binascii
from typing import Any

import orjson
from starlette.datastructures import UploadFile
from starlette.requests import Request

from niochat.sandbox.flows.errors import ModelRefusal, malformed
from niochat.sandbox.rim import Body
from niochat.sandbox.samples import shows
from niochat.sandbox.voices import said_in

MOST_BYTES = 25 * 2**20
"""Of a file to be transcribed."""
_SEEN = ("image_url", "file")


async def transcription(request: Request, *, empty: bool) -> Body:
    """The answer to a form with ``file`` and ``model``; an unknown sound has no words."""
    async with request.form(max_files=1, max_part_size=MOST_BYTES) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise malformed("file", "Missing required parameter: 'file'.")
        if not form.get("model"):
            raise malformed("model", "you must provide a model parameter")
        data = await file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ModelRefusal(413, "Maximum content size limit (26214400) exceeded.")
    if not data.startswith((b"OggS", b"ID3", b"RIFF")):
        raise malformed("file", "Invalid file format. Supported formats: ['ogg', 'mp3', 'wav']")
    return {"text": "" if empty else said_in(data) or ""}


def looked_at(messages: list[Body]) -> Body | None:
    """What the last message's file shows; ``None`` where it has none."""
    content = messages[-1].get("content")
    parts = content if isinstance(content, list) else []
    files = [_file_of(part) for part in parts if part.get("type") in _SEEN]
    if not files:
        return None
    return shows(files[-1]) or {"kind": "other"}


def said(seen: Body) -> str:
    """As a model answers who was asked for JSON."""
    return orjson.dumps(seen).decode()


def _file_of(part: Body) -> bytes:
    told: Any = part.get(str(part["type"]))
    told = told if isinstance(told, dict) else {}
    _, _, encoded = str(told.get("url") or told.get("file_data") or "").partition(";base64,")
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise malformed("messages", "Invalid base64 data in a file.") from None
