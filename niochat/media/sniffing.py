"""What a file is, by its bytes: neither its name nor what anybody says of it is believed."""

from dataclasses import dataclass

import puremagic

from niochat.domain.errors import Invalid
from niochat.domain.message import Kind

UNKNOWN = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Sort:
    """``inline``: browsers may show it in a page of ours."""

    mimetype: str
    kind: Kind
    inline: bool = True


_OFFICE = "application/vnd.openxmlformats-officedocument"
SORTS = {
    ".jpg": Sort("image/jpeg", Kind.IMAGE),
    ".png": Sort("image/png", Kind.IMAGE),
    ".webp": Sort("image/webp", Kind.IMAGE),
    ".gif": Sort("image/gif", Kind.IMAGE),
    ".mp4": Sort("video/mp4", Kind.VIDEO),
    ".3gp": Sort("video/3gpp", Kind.VIDEO),
    ".ogg": Sort("audio/ogg", Kind.AUDIO),
    ".mp3": Sort("audio/mpeg", Kind.AUDIO),
    ".m4a": Sort("audio/mp4", Kind.AUDIO),
    ".aac": Sort("audio/aac", Kind.AUDIO),
    ".amr": Sort("audio/amr", Kind.AUDIO),
    ".pdf": Sort("application/pdf", Kind.DOCUMENT, inline=False),
    ".docx": Sort(f"{_OFFICE}.wordprocessingml.document", Kind.DOCUMENT, inline=False),
    ".xlsx": Sort(f"{_OFFICE}.spreadsheetml.sheet", Kind.DOCUMENT, inline=False),
    ".pptx": Sort(f"{_OFFICE}.presentationml.presentation", Kind.DOCUMENT, inline=False),
    ".odt": Sort("application/vnd.oasis.opendocument.text", Kind.DOCUMENT, inline=False),
    ".ods": Sort("application/vnd.oasis.opendocument.spreadsheet", Kind.DOCUMENT, inline=False),
    ".doc": Sort("application/msword", Kind.DOCUMENT, inline=False),
    ".xls": Sort("application/vnd.ms-excel", Kind.DOCUMENT, inline=False),
    ".zip": Sort("application/zip", Kind.DOCUMENT, inline=False),
    ".txt": Sort("text/plain", Kind.DOCUMENT, inline=False),
}
"""What may be sent. Anything else that customers send is kept, and only ever downloaded."""
_SAME = {".jpeg": ".jpg", ".jfif": ".jpg", ".oga": ".ogg", ".opus": ".ogg", ".m4v": ".mp4"}
_INLINE = {sort.mimetype for sort in SORTS.values() if sort.inline}


def sort_of(data: bytes, filename: str = "") -> Sort | None:
    """What it is; ``None`` for what is not among :data:`SORTS`. The name only tells apart what
    begins alike, as documents that are archives inside.
    """
    try:
        found = puremagic.magic_string(data, filename or None)
    except (puremagic.PureError, ValueError, OSError):
        return SORTS[".txt"] if _is_text(data) else None
    # Without bytes that fit, the library takes the name's word.
    endings = [_SAME.get(each.extension, each.extension) for each in found if each.byte_match]
    known = [ending for ending in endings if ending in SORTS]
    # The likeliest decides whether it is one of ours at all: a script is no picture, because
    # something in it looks like one.
    if known and endings[0] in SORTS:
        return SORTS[known[0]]
    return SORTS[".txt"] if not endings and _is_text(data) else None


def checked(data: bytes, filename: str) -> Sort:
    """What somebody wants to send. Raises ``Invalid`` (``unsupported_file``)."""
    sort = sort_of(data, filename)
    if sort is None:
        raise Invalid(
            "this kind of file cannot be sent: pictures, audio, MP4 videos, PDF, office documents, "
            "plain text and ZIP can",
            code="unsupported_file",
        )
    return sort


def kind_of(mimetype: str) -> Kind:
    """As what it is sent."""
    found = (sort.kind for sort in SORTS.values() if sort.mimetype == mimetype)
    return next(found, Kind.DOCUMENT)


def shown_inline(mimetype: str) -> bool:
    """Whether a page may show it; everything else is downloaded."""
    return mimetype in _INLINE


def safe_name(filename: str, otherwise: str) -> str:
    """A name to show and to save under: no directory, no control characters, no mile of it."""
    bare = filename.replace("\\", "/").rpartition("/")[2]
    printable = "".join(each for each in bare if each.isprintable()).strip(". ")
    return printable[:120] or otherwise


def _is_text(data: bytes) -> bool:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return False
    return bool(text) and all(each.isprintable() or each in "\r\n\t" for each in text[:4096])
