"""Files that a provider sends by ``/send/media``: parse, check and store them for a while."""

import base64
import binascii
import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass, field

from niochat_sandbox.http_json import SandboxApiError

MAX_FILES = 200
"""The number of files per instance; the oldest are dropped first."""
MAX_TOTAL_BYTES = 64 * 2**20
"""The total size of the files of an instance, in bytes."""
MAX_FILE_BYTES = 16 * 2**20
UNKNOWN_MIMETYPE = "application/octet-stream"
_DATA_URI = re.compile(r"data:([^;,]*)[^,]*;base64,")
_MIMETYPE = re.compile(r"[\w.+-]+/[\w.+-]+(; *[\w.+-]+=[\w.+-]+)*", re.ASCII)
_SIGNATURES = {
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/webp": re.compile(rb"RIFF.{4}WEBP", re.DOTALL),
    "application/pdf": re.compile(rb"%PDF-"),
}
_FAMILIES = {"image": "image/", "sticker": "image/"}
"""Types whose file must have a matching format; a document may hold any file."""


@dataclass(frozen=True, slots=True)
class FileSummary:
    """The description of a file on a phone. ``size``: bytes. ``sha256``: hex digits. ``voice``:
    phones play it as a voice note, because it is mono Opus in Ogg with a pre-skip.
    """

    mimetype: str
    name: str
    size: int
    sha256: str
    voice: bool


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file with its metadata as it was sent."""

    data: bytes
    mimetype: str
    name: str

    def summarize(self) -> FileSummary:
        """The description that remains when the bytes are dropped."""
        digest = hashlib.sha256(self.data).hexdigest()
        voice = _is_voice_note(self.data)
        return FileSummary(self.mimetype, self.name, len(self.data), digest, voice)


@dataclass(slots=True)
class UploadStore:
    """An instance's newest files by ``messageid``, up to :data:`MAX_FILES` and
    ``MAX_TOTAL_BYTES``.
    """

    by_message: OrderedDict[str, UploadedFile] = field(default_factory=OrderedDict)
    size: int = 0

    def add(self, messageid: str, upload: UploadedFile) -> None:
        """Store a file and drop the oldest above the limits."""
        self.by_message[messageid] = upload
        self.size += len(upload.data)
        while len(self.by_message) > MAX_FILES or self.size > MAX_TOTAL_BYTES:
            _, dropped = self.by_message.popitem(last=False)
            self.size -= len(dropped.data)

    def get(self, messageid: str) -> UploadedFile | None:
        """The file, or ``None`` if it was dropped or never stored."""
        return self.by_message.get(messageid)


def parse_upload(file: str, *, kind: str, mimetype: str, name: str) -> UploadedFile:
    """Parse ``file`` of ``/send/media``: base64 or a data URI (reference §2.2), never a link.

    Raises ``SandboxApiError``: 400 for unreadable data, 413 above :data:`MAX_FILE_BYTES`, 415 if
    the format does not match ``kind`` and ``mimetype`` (or the URI's mimetype).
    """
    uri = _DATA_URI.match(file)
    data = _decode_base64(file[uri.end() :] if uri else file)
    stated = mimetype or (uri[1] if uri else "")
    if stated and not _MIMETYPE.fullmatch(stated):
        raise SandboxApiError(400, f"Invalid mimetype: {stated}")
    found = _sniff_mimetype(data)
    if stated in _SIGNATURES and stated != found:
        raise SandboxApiError(415, f"The file is not {stated}")
    family = _FAMILIES.get(kind, "")
    if not (found.startswith(family) and (stated or found).startswith(family)):
        raise SandboxApiError(415, f"The file is not of type {kind}")
    return UploadedFile(data, stated or found, name)


def _decode_base64(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SandboxApiError(400, "file must be base64 or a data URI") from None
    if not data:
        raise SandboxApiError(400, "file is empty")
    if len(data) > MAX_FILE_BYTES:
        raise SandboxApiError(413, "File too large")
    return data


def _is_voice_note(data: bytes) -> bool:
    head = data.find(b"OpusHead", 0, 128)
    if not data.startswith(b"OggS") or head < 0 or len(data) < head + 19:
        return False
    return data[head + 9] == 1 and data[head + 10 : head + 12] != b"\0\0"


def _sniff_mimetype(data: bytes) -> str:
    return next(
        (name for name, start in _SIGNATURES.items() if start.match(data)), UNKNOWN_MIMETYPE
    )
