"""Files that a provider sends by `/send/media`: read, checked, and kept for a while."""

import base64
import binascii
import hashlib
import re
from collections import OrderedDict
from dataclasses import dataclass, field

from niochat.sandbox.rim import Refusal

MOST_FILES = 200
"""Of one instance; the oldest goes first."""
MOST_BYTES = 64 * 2**20
"""Of one instance, together."""
LARGEST_FILE = 16 * 2**20
UNKNOWN = "application/octet-stream"
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
class FileNote:
    """What a phone shows of a file. `size` in bytes, `sha256` in hex digits."""

    mimetype: str
    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came."""

    data: bytes
    mimetype: str
    name: str

    def note(self) -> FileNote:
        """What stays known of it when the bytes are gone."""
        digest = hashlib.sha256(self.data).hexdigest()
        return FileNote(self.mimetype, self.name, len(self.data), digest)


@dataclass(slots=True)
class Uploads:
    """An instance's newest files by `messageid`, within :data:`MOST_FILES` and `MOST_BYTES`."""

    by_message: OrderedDict[str, Upload] = field(default_factory=OrderedDict)
    size: int = 0

    def keep(self, messageid: str, upload: Upload) -> None:
        """Stores a file; the oldest make room."""
        self.by_message[messageid] = upload
        self.size += len(upload.data)
        while len(self.by_message) > MOST_FILES or self.size > MOST_BYTES:
            _, dropped = self.by_message.popitem(last=False)
            self.size -= len(dropped.data)

    def get(self, messageid: str) -> Upload | None:
        """The file, unless it was dropped or never came."""
        return self.by_message.get(messageid)


def read_upload(file: str, *, kind: str, mimetype: str, name: str) -> Upload:
    """`file` of `/send/media`: base64 or a data URI (reference §2.2); links are not followed.

    Refuses with 400 what cannot be read, with 413 what is larger than :data:`LARGEST_FILE`, with
    415 what is not what `kind` and `mimetype` (or the URI's own) say.
    """
    uri = _DATA_URI.match(file)
    data = _decoded(file[uri.end() :] if uri else file)
    told = mimetype or (uri[1] if uri else "")
    if told and not _MIMETYPE.fullmatch(told):
        raise Refusal(400, f"Invalid mimetype: {told}")
    found = _recognised(data)
    if told in _SIGNATURES and told != found:
        raise Refusal(415, f"The file is not {told}")
    family = _FAMILIES.get(kind, "")
    if not (found.startswith(family) and (told or found).startswith(family)):
        raise Refusal(415, f"The file is not of type {kind}")
    return Upload(data, told or found, name)


def _decoded(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(400, "file must be base64 or a data URI") from None
    if not data:
        raise Refusal(400, "file is empty")
    if len(data) > LARGEST_FILE:
        raise Refusal(413, "File too large")
    return data


def _recognised(data: bytes) -> str:
    return next((name for name, start in _SIGNATURES.items() if start.match(data)), UNKNOWN)
