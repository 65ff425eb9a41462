"""Uploads as a form (``multipart/form-data``) with one file."""

from typing import Any

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from niochat.domain.errors import InvalidInputError

MAX_FORM_OVERHEAD = 64 * 1024
"""Bytes of a form around its file."""
UPLOAD_FORM: dict[str, Any] = {
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
"""The body in the OpenAPI document."""


async def read_upload(request: Request, max_bytes: int) -> tuple[str, bytes]:
    """Return (filename, content). It is read after authentication. Raises ``InvalidInputError``
    (``no_file``), ``HTTPException`` 411 without a length and 413 above ``max_bytes``.
    """
    declared = request.headers.get("content-length", "")
    if not (declared.isascii() and declared.isdigit()):
        raise HTTPException(411, "The Content-Length header is required.")
    if int(declared) > max_bytes + MAX_FORM_OVERHEAD:
        raise HTTPException(413, f"The file is larger than {max_bytes // 2**20} MiB.")
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
