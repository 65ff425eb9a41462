"""Files that a provider sends by `/send/media`: read, checked, and kept for a while."""

import base64
import binascii
import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass, field

from niochat_sandbox.http_json import SandboxApiError

MAX_FILES = 200
"""Of one instance; the oldest goes first."""
MAX_TOTAL_BYTES = 64 * 2**20
"""Of one instance, together."""
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
"""Types of messages that must be what they say; what a document holds is free."""


@dataclass(frozen=True, slots=True)
class FileSummary:
    """What a phone shows of a file. `size` in bytes, `sha256` in hex digits."""

    mimetype: str
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file as it came."""

    data: bytes
    mimetype: str
    name: str

    def summarize(self) -> FileSummary:
        """What stays known of it when the bytes are gone."""
        digest = hashlib.sha256(self.data).hexdigest()
        return FileSummary(self.mimetype, self.name, len(self.data), digest)


@dataclass(slots=True)
class UploadStore:
    """An instance's newest files by `messageid`, within :data:`MAX_FILES` and `MOST_BYTES`."""

    by_message: OrderedDict[str, UploadedFile] = field(default_factory=OrderedDict)
    size: int = 0

    def add(self, messageid: str, upload: UploadedFile) -> None:
        """Stores a file; the oldest make room."""
        self.by_message[messageid] = upload
        self.size += len(upload.data)
        while len(self.by_message) > MAX_FILES or self.size > MAX_TOTAL_BYTES:
            _, dropped = self.by_message.popitem(last=False)
            self.size -= len(dropped.data)

    def get(self, messageid: str) -> UploadedFile | None:
        """The file, unless it was dropped or never came."""
        return self.by_message.get(messageid)


def parse_upload(file: str, *, kind: str, mimetype: str, name: str) -> UploadedFile:
    """`file` of `/send/media`: base64 or a data URI (reference §2.2); links are not followed.

    Refuses with 400 what cannot be read, with 413 what is larger than :data:`MAX_FILE_BYTES`, with
    415 what is not what `kind` and `mimetype` (or the URI's own) say.
    """
    uri = _DATA_URI.match(file)
    data = _decode_base64(file[uri.end() :] if uri else file)
    told = mimetype or (uri[1] if uri else "")
    if told and not _MIMETYPE.fullmatch(told):
        raise SandboxApiError(400, f"Invalid mimetype: {told}")
    found = _sniff_mimetype(data)
    if told in _SIGNATURES and told != found:
        raise SandboxApiError(415, f"The file is not {told}")
    family = _FAMILIES.get(kind, "")
    if not (found.startswith(family) and (told or found).startswith(family)):
        raise SandboxApiError(415, f"The file is not of type {kind}")
    return UploadedFile(data, told or found, name)


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


def _sniff_mimetype(data: bytes) -> str:
    return next(
        (name for name, start in _SIGNATURES.items() if start.match(data)), UNKNOWN_MIMETYPE
    )
