"""Detects the type of a file from its bytes: neither its name nor a declared type is trusted."""

import io
import re
import zipfile
from dataclasses import dataclass

import puremagic

from niochat.attachments import filename_safety as names
from niochat.domain.errors import InvalidInputError
from niochat.domain.message import MessageKind

UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class FileType:
    """A type of file. ``inline``: browsers may show it within a page of the product."""

    mimetype: str
    kind: MessageKind
    inline: bool = True


_OFFICE = "application/vnd.openxmlformats-officedocument"
FILE_TYPES = {
    ".jpg": FileType("image/jpeg", MessageKind.IMAGE),
    ".png": FileType("image/png", MessageKind.IMAGE),
    ".webp": FileType("image/webp", MessageKind.IMAGE),
    ".gif": FileType("image/gif", MessageKind.IMAGE),
    ".mp4": FileType("video/mp4", MessageKind.VIDEO),
    ".3gp": FileType("video/3gpp", MessageKind.VIDEO),
    ".ogg": FileType("audio/ogg", MessageKind.AUDIO),
    ".mp3": FileType("audio/mpeg", MessageKind.AUDIO),
    ".m4a": FileType("audio/mp4", MessageKind.AUDIO),
    ".aac": FileType("audio/aac", MessageKind.AUDIO),
    ".amr": FileType("audio/amr", MessageKind.AUDIO),
    ".pdf": FileType("application/pdf", MessageKind.DOCUMENT, inline=False),
    ".docx": FileType(f"{_OFFICE}.wordprocessingml.document", MessageKind.DOCUMENT, inline=False),
    ".xlsx": FileType(f"{_OFFICE}.spreadsheetml.sheet", MessageKind.DOCUMENT, inline=False),
    ".pptx": FileType(f"{_OFFICE}.presentationml.presentation", MessageKind.DOCUMENT, inline=False),
    ".odt": FileType("application/vnd.oasis.opendocument.text", MessageKind.DOCUMENT, inline=False),
    ".ods": FileType(
        "application/vnd.oasis.opendocument.spreadsheet", MessageKind.DOCUMENT, inline=False
    ),
    ".doc": FileType("application/msword", MessageKind.DOCUMENT, inline=False),
    ".xls": FileType("application/vnd.ms-excel", MessageKind.DOCUMENT, inline=False),
    ".zip": FileType("application/zip", MessageKind.DOCUMENT, inline=False),
    ".txt": FileType("text/plain", MessageKind.DOCUMENT, inline=False),
}
"""Types that may be sent. Other files of customers are stored and can only be downloaded."""
_EXTENSION_ALIASES = {
    ".jpeg": ".jpg",
    ".jfif": ".jpg",
    ".oga": ".ogg",
    ".opus": ".ogg",
    ".m4v": ".mp4",
}
_PROGRAM_SIGNATURES = (
    b"MZ",
    b"\x7fELF",
    b"#!",
    b"\xca\xfe\xba\xbe",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"dex\n",
    b"L\x00\x00\x00\x01\x14\x02\x00",
    b"MSCF",
    b"!<arch>",
    b"\xed\xab\xee\xdb",
    b"ITSF",
    b"CWS",
    b"FWS",
    b"ZWS",
)
"""First bytes of programs (Windows, Linux, Apple, Java, Android), shortcuts, installers, Flash and
scripts.
"""
_SCRIPT = re.compile(
    rb"<\s*(script|html|!doctype\s+html|svg|iframe|object|embed|\?php|%@|hta:application|job\b"
    rb"|package\b)|^\s*(@echo\s+(off|on)\b|\[internetshortcut\]|\[autorun\]"
    rb"|windows registry editor)"
    rb"|\b(wscript\.|createobject\s*\(|powershell(\.exe)?\s+-|activexobject\s*\()",
    re.IGNORECASE,
)
_MAX_SCANNED_BYTES = 256 * 1024
"""Bytes of a text that are searched for scripts."""
_MAX_ARCHIVE_MEMBERS = 2_000
_MACROS = ("vbaproject.bin", "meta-inf/manifest.mf", "androidmanifest.xml", "classes.dex")
_KNOWN_TYPES = {each.mimetype for each in FILE_TYPES.values()}
_INLINE_TYPES = {each.mimetype for each in FILE_TYPES.values() if each.inline}


def detect_file_type(data: bytes, filename: str = "") -> FileType | None:
    """The type; ``None`` when it is not in ``FILE_TYPES``. The name only decides between formats
    that begin with the same bytes, such as office documents, which are ZIP archives.
    """
    try:
        matches = puremagic.magic_string(data, filename or None)
    except (puremagic.PureError, ValueError, OSError):
        return FILE_TYPES[".txt"] if _is_text(data) else None
    # The library also returns guesses from the name alone; these have no matching bytes.
    extensions = [
        _EXTENSION_ALIASES.get(each.extension, each.extension)
        for each in matches
        if each.byte_match
    ]
    supported = [extension for extension in extensions if extension in FILE_TYPES]
    # The best match decides whether the type is supported at all: some bytes in a script may also
    # match a picture, which does not make it one.
    if supported and extensions[0] in FILE_TYPES:
        return FILE_TYPES[supported[0]]
    return FILE_TYPES[".txt"] if not extensions and _is_text(data) else None


def validate_upload(data: bytes, filename: str) -> FileType:
    """Check an upload and return its type. Raises ``InvalidInputError`` (``unsupported_file``,
    ``runnable_file``).
    """
    if is_executable(data, filename):
        raise InvalidInputError(
            "The file cannot be sent because its name or content could run on the device of the "
            "customer. Send a PDF or an image.",
            code="runnable_file",
        )
    file_type = detect_file_type(data, filename)
    if file_type is None:
        raise InvalidInputError(
            "The file type is not supported. Supported are images, audio, MP4 videos, PDF, office "
            "documents, plain text and ZIP.",
            code="unsupported_file",
        )
    return file_type


def message_kind_for(mimetype: str) -> MessageKind:
    """The kind of message that carries this type."""
    kinds = (file_type.kind for file_type in FILE_TYPES.values() if file_type.mimetype == mimetype)
    return next(kinds, MessageKind.DOCUMENT)


def is_inline(mimetype: str) -> bool:
    """Whether a page may show this type; everything else is downloaded."""
    return mimetype in _INLINE_TYPES


def safe_name(filename: str, otherwise: str) -> str:
    """A name to show and to save under: no directory, no control characters, bounded, with its
    extension.
    """
    return names.safe_filename(filename, otherwise)


def is_executable(data: bytes, filename: str) -> bool:
    """Whether opening the file could run it, judged by its extensions and its bytes."""
    return names.is_executable(filename) or _is_program(data) or _holds_program(data)


def storage_type_and_name(data: bytes, filename: str, otherwise: str) -> tuple[str, str]:
    """Type and name under which a customer's file is stored. A file that could run gets a neutral
    type and a name that opens no program.
    """
    if is_executable(data, filename):
        return UNKNOWN_TYPE, names.neutralize_filename(filename, otherwise)
    file_type = detect_file_type(data, filename)
    mimetype = file_type.mimetype if file_type is not None else UNKNOWN_TYPE
    return mimetype, safe_name(filename, otherwise)


def serving_type_and_name(mimetype: str, filename: str) -> tuple[str, str]:
    """Type and name under which a stored file is served. Older files were stored before the product
    checked bytes, so both are checked again: a type that is not in ``FILE_TYPES`` becomes neutral.
    """
    if names.is_executable(filename):
        return UNKNOWN_TYPE, names.neutralize_filename(filename, "arquivo")
    served_type = mimetype if mimetype in _KNOWN_TYPES else UNKNOWN_TYPE
    return served_type, safe_name(filename, "arquivo")


def _is_program(data: bytes) -> bool:
    start = data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(_PROGRAM_SIGNATURES):
        return True
    head = data[:_MAX_SCANNED_BYTES]
    # Binary formats may contain any bytes, so script patterns count in text and markup only.
    if start.startswith(b"%PDF"):
        return False
    is_textual = (
        _is_text(data) or start.startswith(b"<") or head.startswith((b"\xff\xfe", b"\xfe\xff"))
    )
    return is_textual and _SCRIPT.search(head.replace(b"\x00", b"")) is not None


def _holds_program(data: bytes) -> bool:
    """Whether an archive contains a program, judged by the names of its members, or has too many
    members to be sure. In an office document, which is an archive too, only ``_MACROS`` count.
    """
    if not data.startswith(b"PK"):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return False
    office = any(name.lower() == "[content_types].xml" for name in members)
    return len(members) > _MAX_ARCHIVE_MEMBERS or any(
        name.lower().endswith(_MACROS) or (not office and names.is_executable(name))
        for name in members
    )


def _is_text(data: bytes) -> bool:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return False
    return bool(text) and all(each.isprintable() or each in "\r\n\t" for each in text[:4096])
