"""``/files``: uploads to be sent, and the content behind a signed address."""

import re
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from niochat.access.callers import Caller
from niochat.adapters.clock import agreed
from niochat.domain.audit import AuditEntry
from niochat.domain.errors import InvalidInputError
from niochat.domain.permissions import PermissionAction
from niochat.ingress.api.doorway import Needs, Open, access_of, who_of
from niochat.ingress.api.messages import library_of
from niochat.ingress.api.shapes import Shown
from niochat.media.library import MAX_FILE_BYTES
from niochat.media.sniffing import is_inline, serving_type_and_name

MayReply = Annotated[Caller, Depends(Needs(PermissionAction.CONVERSATIONS_REPLY))]
ENVELOPE = 64 * 1024
"""Bytes of a form around its file."""
_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}
_RANGE = re.compile(r"bytes=(\d{1,12})-(\d{0,12})")
_HIDDEN = {
    "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "cache-control": "private, max-age=300",
    "accept-ranges": "bytes",
}

router = APIRouter(prefix="/files", tags=["files"])


class Uploaded(Shown):
    """An uploaded file. Send its ``id`` as ``file`` of a message."""

    id: UUID
    mimetype: str
    filename: str
    size: int


@router.post("", status_code=201, openapi_extra=_FORM)
async def upload(caller: MayReply, request: Request) -> Uploaded:
    """Upload a file to send, in the form field ``file``. The media type is detected from the
    content. A file that is not sent is deleted after one day.
    """
    tenant_id = caller.need(PermissionAction.CONVERSATIONS_REPLY)
    filename, data = await _file_in(request)
    file = await library_of(request).upload(tenant_id, caller.id, filename, data)
    entry = AuditEntry(
        tenant_id, who_of(request, caller), "files.upload", f"file:{file.id}", None,
        {"mimetype": file.mimetype, "size": file.size},
    )  # fmt: skip
    await access_of(request).audit_log.write(entry)
    return Uploaded.model_validate(file)


@router.get(
    "/content/{token}",
    dependencies=[Depends(Open())],
    response_class=Response,
    responses={200: {"content": {"*/*": {}}, "description": "The content of the file."}},
)
async def content(token: str, request: Request) -> Response:
    """Return the content of a file. The token in the URL grants access. Images, audio and video can
    be shown in a page; other types are sent as downloads. Supports a single byte range.
    """
    library = library_of(request)
    file = await library.find_by_token(token, agreed.now())
    start, length, part = _wanted(request.headers.get("range", ""), file.size)
    data = await library.read_range(file, start, length)
    mimetype, name = serving_type_and_name(file.mimetype, file.filename)
    headers = {**_HIDDEN, "content-disposition": _disposition(mimetype, name)}
    if part:
        headers["content-range"] = f"bytes {start}-{start + len(data) - 1}/{file.size}"
    return Response(data, 206 if part else 200, headers, mimetype)


@router.head("/content/{token}", dependencies=[Depends(Open())], response_class=Response)
async def content_told(token: str, request: Request) -> Response:
    """Return the headers of a file without its content. Range requests are supported by GET only."""
    library = library_of(request)
    file = await library.find_by_token(token, agreed.now())
    await library.read_range(file, 0, min(file.size, 1))  # its row may be here, and its bytes gone
    mimetype, name = serving_type_and_name(file.mimetype, file.filename)
    headers = {**_HIDDEN, "content-disposition": _disposition(mimetype, name)}
    return Response(None, 200, {**headers, "content-length": str(file.size)}, mimetype)


async def _file_in(request: Request) -> tuple[str, bytes]:
    """Read after the caller is known, and never more than a file may have."""
    told = request.headers.get("content-length", "")
    if not told.isdigit():
        raise HTTPException(411, "The Content-Length header is required.")
    if int(told) > MAX_FILE_BYTES + ENVELOPE:
        raise HTTPException(413, f"The file is larger than {MAX_FILE_BYTES // 2**20} MiB.")
    try:
        async with request.form(max_files=1, max_fields=4) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise _no_file()
            return file.filename or "", await file.read()
    except ClientDisconnect:
        raise InvalidInputError(
            "The upload ended early or was too slow. Send the file again."
        ) from None
    except (HTTPException, AssertionError):  # what the parser says of a form that is none
        raise _no_file() from None


def _no_file() -> InvalidInputError:
    return InvalidInputError(
        "Send a form (multipart/form-data) with the file in the field file.", code="no_file"
    )


def _wanted(header: str, size: int) -> tuple[int, int, bool]:
    """Where to begin, how many bytes, and whether that is a part (RFC 9110, 14.2: what cannot be
    understood is ignored).
    """
    asked = _RANGE.fullmatch(header.strip())
    if asked is None or int(asked[1]) >= size:
        return 0, size, False
    start = int(asked[1])
    end = min(int(asked[2]), size - 1) if asked[2] else size - 1
    return (start, end - start + 1, True) if end >= start else (0, size, False)


def _disposition(mimetype: str, filename: str) -> str:
    how = "inline" if is_inline(mimetype) else "attachment"
    quoted = "".join(f"%{byte:02X}" for byte in filename.encode())
    return f"{how}; filename*=UTF-8''{quoted}"
