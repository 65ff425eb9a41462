"""``/files``: uploading files to send, and downloading files with a signed URL."""

import re
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from niochat.adapters.clock import database_clock
from niochat.attachments.attachment_store import MAX_FILE_BYTES
from niochat.attachments.file_type import is_inline, serving_type_and_name
from niochat.domain.permissions import PermissionAction
from niochat.http.api.schemas import ResponseModel
from niochat.http.rest.conversations.message_routes import attachments_for
from niochat.http.rest.dependencies import (
    PermissionDependency,
    PublicDependency,
    audit_actor_for,
    identity_services_for,
)
from niochat.http.rest.upload_form import UPLOAD_FORM, read_upload
from niochat.identity.authentication import Principal
from niochat.ports.audit import AuditEntry

MayReply = Annotated[Principal, Depends(PermissionDependency(PermissionAction.CONVERSATIONS_REPLY))]
_RANGE = re.compile(r"bytes=(\d{1,12})-(\d{0,12})")
_CONTENT_HEADERS = {
    "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "cache-control": "private, max-age=300",
    "accept-ranges": "bytes",
}

router = APIRouter(prefix="/files", tags=["files"])


class UploadedFileResponse(ResponseModel):
    """An uploaded file. Send its ``id`` as ``file`` of a message or note. ``voice``: it is sent as
    a voice note. ``width`` and ``height`` are those of a picture, ``duration_s`` and ``waveform``
    (64 values from 0 to 100) those of a voice note.
    """

    id: UUID
    mimetype: str
    filename: str
    size: int
    voice: bool
    width: int | None
    height: int | None
    duration_s: float | None
    waveform: list[int] | None


@router.post("", status_code=201, openapi_extra=UPLOAD_FORM)
async def upload_file(
    caller: MayReply, request: Request, as_voice: bool | None = None
) -> UploadedFileResponse:
    """Upload a file to send, in the form field ``file``. The media type is detected from the
    content. A file that is not sent is deleted after one day.

    With ``as_voice=true``, a recording (Opus in Ogg or WebM, AAC in MP4, MP3 or WAV) is converted
    to a voice note: mono Opus in Ogg. Without ``as_voice``, this is done for Opus in Ogg and for
    WebM only. With ``as_voice=false`` the file is stored as it is.
    """
    tenant_id = caller.require(PermissionAction.CONVERSATIONS_REPLY)
    filename, data = await read_upload(request, MAX_FILE_BYTES)
    file = await attachments_for(request).upload(
        tenant_id, caller.id, filename, data, as_voice=as_voice
    )
    entry = AuditEntry(
        tenant_id,
        audit_actor_for(request, caller),
        "files.upload",
        f"file:{file.id}",
        None,
        {"mimetype": file.mimetype, "size": file.size, "voice": file.voice},
    )
    await identity_services_for(request).audit_log.write_entry(entry)
    return UploadedFileResponse.model_validate(file)


@router.get(
    "/content/{token}",
    dependencies=[Depends(PublicDependency())],
    response_class=Response,
    responses={200: {"content": {"*/*": {}}, "description": "The content of the file."}},
)
async def get_file_content(token: str, request: Request) -> Response:
    """Return the content of a file. The token in the URL grants access. Images, audio and video can
    be shown in a page; other types are sent as downloads. Supports a single byte range.
    """
    library = attachments_for(request)
    file = await library.find_by_token(token, database_clock.now())
    start, length, part = _parse_range(request.headers.get("range", ""), file.size)
    data = await library.read_range(file, start, length)
    mimetype, name = serving_type_and_name(file.mimetype, file.filename)
    headers = {**_CONTENT_HEADERS, "content-disposition": _content_disposition(mimetype, name)}
    if part:
        headers["content-range"] = f"bytes {start}-{start + len(data) - 1}/{file.size}"
    return Response(data, 206 if part else 200, headers, mimetype)


@router.head(
    "/content/{token}", dependencies=[Depends(PublicDependency())], response_class=Response
)
async def head_file_content(token: str, request: Request) -> Response:
    """Return the headers of a file without its content. Range requests are supported by GET
    only.
    """
    library = attachments_for(request)
    file = await library.find_by_token(token, database_clock.now())
    await library.read_range(file, 0, min(file.size, 1))  # the row can exist without the content
    mimetype, name = serving_type_and_name(file.mimetype, file.filename)
    headers = {**_CONTENT_HEADERS, "content-disposition": _content_disposition(mimetype, name)}
    return Response(None, 200, {**headers, "content-length": str(file.size)}, mimetype)


def _parse_range(header: str, size: int) -> tuple[int, int, bool]:
    """Return (start, length, whether this is a part). An invalid header is ignored (RFC 9110,
    14.2).
    """
    match = _RANGE.fullmatch(header.strip())
    if match is None or int(match[1]) >= size:
        return 0, size, False
    start = int(match[1])
    end = min(int(match[2]), size - 1) if match[2] else size - 1
    return (start, end - start + 1, True) if end >= start else (0, size, False)


def _content_disposition(mimetype: str, filename: str) -> str:
    disposition = "inline" if is_inline(mimetype) else "attachment"
    quoted = "".join(f"%{byte:02X}" for byte in filename.encode())
    return f"{disposition}; filename*=UTF-8''{quoted}"
