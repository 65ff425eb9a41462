"""``/files``: uploading files to send, and downloading files with a signed URL."""

import re
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from niochat.adapters.clock import database_clock
from niochat.attachments.attachment_store import MAX_FILE_BYTES
from niochat.attachments.file_type import is_inline, serving_type_and_name
from niochat.domain.errors import InvalidInputError
from niochat.domain.permissions import PermissionAction
from niochat.http.api.schemas import ResponseModel
from niochat.http.rest.conversations.message_routes import attachments_for
from niochat.http.rest.dependencies import (
    PermissionDependency,
    PublicDependency,
    audit_actor_for,
    identity_services_for,
)
from niochat.identity.authentication import Principal
from niochat.ports.audit import AuditEntry

MayReply = Annotated[Principal, Depends(PermissionDependency(PermissionAction.CONVERSATIONS_REPLY))]
MAX_FORM_OVERHEAD = 64 * 1024
"""Bytes of a form around its file."""
_UPLOAD_FORM: dict[str, Any] = {
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
_CONTENT_HEADERS = {
    "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "cache-control": "private, max-age=300",
    "accept-ranges": "bytes",
}

router = APIRouter(prefix="/files", tags=["files"])


class UploadedFileResponse(ResponseModel):
    """An uploaded file. Send its ``id`` as ``file`` of a message."""

    id: UUID
    mimetype: str
    filename: str
    size: int


@router.post("", status_code=201, openapi_extra=_UPLOAD_FORM)
async def upload_file(caller: MayReply, request: Request) -> UploadedFileResponse:
    """Upload a file to send, in the form field ``file``. The media type is detected from the
    content. A file that is not sent is deleted after one day.
    """
    tenant_id = caller.require(PermissionAction.CONVERSATIONS_REPLY)
    filename, data = await _read_upload(request)
    file = await attachments_for(request).upload(tenant_id, caller.id, filename, data)
    entry = AuditEntry(
        tenant_id,
        audit_actor_for(request, caller),
        "files.upload",
        f"file:{file.id}",
        None,
        {"mimetype": file.mimetype, "size": file.size},
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


async def _read_upload(request: Request) -> tuple[str, bytes]:
    """Return (filename, content). It is read after authentication, up to the maximum file size."""
    declared = request.headers.get("content-length", "")
    if not (declared.isascii() and declared.isdigit()):
        raise HTTPException(411, "The Content-Length header is required.")
    if int(declared) > MAX_FILE_BYTES + MAX_FORM_OVERHEAD:
        raise HTTPException(413, f"The file is larger than {MAX_FILE_BYTES // 2**20} MiB.")
    try:
        async with request.form(max_files=1, max_fields=4) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise _missing_file_error()
            return file.filename or "", await file.read()
    except ClientDisconnect:
        raise InvalidInputError(
            "The upload ended early or was too slow. Send the file again."
        ) from None
    except (HTTPException, AssertionError):  # the parser's errors for an invalid form
        raise _missing_file_error() from None


def _missing_file_error() -> InvalidInputError:
    return InvalidInputError(
        "Send a form (multipart/form-data) with the file in the field file.", code="no_file"
    )


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
