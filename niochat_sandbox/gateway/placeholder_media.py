"""Placeholder files for ``/message/download``: tiny, but valid enough to store and show."""

import base64
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from niochat_sandbox.gateway.webhook_payloads import QRCODE

_PIXEL = base64.b64decode(QRCODE.partition(",")[2])
_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)


class PlaceholderFile(NamedTuple):
    """A file as the gateway would keep it for two days."""

    mimetype: str
    extension: str
    data: bytes

    def encode_base64(self) -> str:
        return base64.b64encode(self.data).decode()


_OGG = PlaceholderFile("audio/ogg", "ogg", b"OggS" + bytes(24))
_MP3 = PlaceholderFile("audio/mpeg", "mp3", b"ID3\x04" + bytes(28))
_IMAGE = PlaceholderFile("image/png", "png", _PIXEL)
_VIDEO = PlaceholderFile("video/mp4", "mp4", b"\x00\x00\x00\x18ftypmp42" + bytes(12))
_FILES = {
    "image": _IMAGE,
    "sticker": _IMAGE,
    "user_created_sticker": _IMAGE,
    "video": _VIDEO,
    "gif": _VIDEO,
    "document": PlaceholderFile("application/pdf", "pdf", _PDF),
    "ptt": _OGG,
    "audio": _OGG,
}
_BY_EXTENSION = {file.extension: file for file in (*_FILES.values(), _MP3)}


def get_placeholder_file(media_type: str, *, mp3: bool) -> PlaceholderFile | None:
    """The placeholder for a ``mediaType``; ``mp3`` converts audio to MP3. None: no media."""
    file = _FILES.get(media_type)
    return _MP3 if mp3 and file is _OGG else file


async def serve_file(request: Request) -> Response:
    """``GET /files/{name}``; like the real links, it needs no token."""
    file = _BY_EXTENSION.get(request.path_params["name"].rpartition(".")[2])
    if file is None:
        return Response(status_code=404)
    return Response(file.data, media_type=file.mimetype)
