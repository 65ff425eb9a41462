"""``/canned-responses``: texts with variables and files that agents send often."""

from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime, Field, model_validator

from niochat.adapters.clock import database_clock
from niochat.conversations.canned.canned_responses import (
    CannedResponseContent,
    CannedResponseReader,
    CannedResponseScope,
    CannedResponseStore,
)
from niochat.conversations.canned.canned_text import CANNED_VARIABLES
from niochat.domain.permissions import BuiltInRole, PermissionAction
from niochat.http.api.entity_tags import IfMatch, parse_if_match, set_etag
from niochat.http.api.schemas import DisplayName, RequestModel, ResponseModel, Slug
from niochat.http.rest.conversations.file_routes import UploadedFileResponse
from niochat.http.rest.conversations.message_routes import FileUrlResponse, attachments_for
from niochat.http.rest.dependencies import PermissionDependency, audit_actor_for, audit_read
from niochat.http.rest.idempotent_route import IdempotentRoute
from niochat.http.rest.rest_services import services_for
from niochat.identity.authentication import Principal, PrincipalKind

MAX_FILES = 5
"""Maximum number of files of a canned response."""
MAX_CANNED_TEXT = 4096
"""Maximum length of a canned text, in characters."""
MayReply = Annotated[Principal, Depends(PermissionDependency(PermissionAction.CONVERSATIONS_REPLY))]
CannedText = Annotated[
    str,
    Field(
        max_length=MAX_CANNED_TEXT,
        description="The text. Screens replace the variables before an agent sees the text: "
        + "; ".join(f"`{{{{{name}}}}}` ({value})" for name, value in CANNED_VARIABLES.items())
        + ". Another variable is an error.",
    ),
]

router = APIRouter(
    prefix="/canned-responses", tags=["canned responses"], route_class=IdempotentRoute
)


class PutCannedResponseRequest(RequestModel):
    """A whole canned response. ``scope`` says who can use it: ``shared`` (everybody), ``team`` (the
    members of ``team``) or ``personal`` (the caller). ``shortcut`` is unique in its scope.
    ``files`` are ids of uploads (``POST /files``), which do not expire while the response has them.
    """

    shortcut: Slug
    title: DisplayName
    text: CannedText = ""
    scope: CannedResponseScope
    team: Slug | None = None
    files: Annotated[list[UUID], Field(max_length=MAX_FILES)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if not self.text and not self.files:
            raise ValueError("send text, files or both")
        if (self.scope is CannedResponseScope.TEAM) != (self.team is not None):
            raise ValueError("team is required with scope team, and is allowed with it only")
        if len(set(self.files)) < len(self.files):
            raise ValueError("a file is listed twice")
        return self

    def to_content(self) -> CannedResponseContent:
        """Return the response as the store takes it."""
        return CannedResponseContent(
            self.shortcut, self.title, self.text, self.scope, self.team, tuple(self.files)
        )


class CannedResponseResponse(ResponseModel):
    """A canned response. Send the ``id`` of a file as ``file`` of a message. ``editable`` says
    whether the caller may change and delete it; ``version`` is the ``ETag``.
    """

    id: UUID
    shortcut: str
    title: str
    text: CannedText
    scope: CannedResponseScope
    team: str | None
    files: list[UploadedFileResponse]
    editable: bool
    version: int
    changed_at: AwareDatetime


@router.get("")
async def list_canned_responses(
    caller: MayReply,
    request: Request,
    *,
    all_teams: Annotated[
        bool, Query(description="With canned:write: also those of teams of others.")
    ] = False,
) -> list[CannedResponseResponse]:
    """List the canned responses that the caller can use, by shortcut: shared ones, those of the
    caller's teams and the caller's own.
    """
    reader = _reader_for(request, caller)
    rows = await _store_for(request).list(reader, all_teams=all_teams)
    return [_canned_response(row, reader) for row in rows]


@router.get("/{response_id}")
async def get_canned_response(
    response_id: UUID, caller: MayReply, request: Request, response: Response
) -> CannedResponseResponse:
    """Return a canned response. The ETag is needed to change it."""
    reader = _reader_for(request, caller)
    row = await _store_for(request).find(reader, response_id)
    set_etag(response, row["version"])
    return _canned_response(row, reader)


@router.post("", status_code=201)
async def create_canned_response(
    body: PutCannedResponseRequest, caller: MayReply, request: Request, response: Response
) -> CannedResponseResponse:
    """Create a canned response. Shared and team responses need the permission ``canned:write``."""
    reader = _reader_for(request, caller)
    row = await _store_for(request).create(reader, body.to_content())
    set_etag(response, row["version"])
    return _canned_response(row, reader)


@router.put("/{response_id}")
async def replace_canned_response(
    response_id: UUID,
    body: PutCannedResponseRequest,
    caller: MayReply,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> CannedResponseResponse:
    """Replace a canned response. A file that is left out is removed."""
    reader, store = _reader_for(request, caller), _store_for(request)
    await store.find(reader, response_id)  # one that does not exist has no version to send
    versions = parse_if_match(if_match)
    row = await store.replace(reader, response_id, body.to_content(), versions)
    set_etag(response, row["version"])
    return _canned_response(row, reader)


@router.delete("/{response_id}", status_code=204)
async def delete_canned_response(
    response_id: UUID, caller: MayReply, request: Request, if_match: IfMatch = None
) -> None:
    """Delete a canned response. With ``If-Match``, only in this version."""
    versions = None if if_match is None else parse_if_match(if_match)
    await _store_for(request).delete(_reader_for(request, caller), response_id, versions)


@router.get("/{response_id}/files/{file_id}")
async def get_canned_response_file_url(
    response_id: UUID, file_id: UUID, caller: MayReply, request: Request
) -> FileUrlResponse:
    """Return a signed URL of a file of a canned response. The URL expires after some minutes."""
    reader, attachments = _reader_for(request, caller), attachments_for(request)
    await _store_for(request).require_file(reader, response_id, file_id)
    file = await attachments.find(reader.tenant_id, file_id)
    target = f"canned_response:{response_id}"
    await audit_read(request, caller, "canned.file.read", target, {"file": str(file_id)})
    token, until = attachments.create_download_token(file, database_clock.now())
    return FileUrlResponse(
        url=f"/api/v1/files/content/{token}",
        expires_at=until,
        mimetype=file.mimetype,
        filename=file.filename,
        size=file.size,
    )


def _store_for(request: Request) -> CannedResponseStore:
    return services_for(request).canned_responses


def _reader_for(request: Request, caller: Principal) -> CannedResponseReader:
    return CannedResponseReader(
        caller.require(PermissionAction.CONVERSATIONS_REPLY),
        caller.id,
        caller.teams,
        caller.may(PermissionAction.CANNED_WRITE),
        caller.kind is PrincipalKind.USER and caller.role != BuiltInRole.SUPERUSER,
        audit_actor_for(request, caller),
    )


def _canned_response(row: dict[str, Any], reader: CannedResponseReader) -> CannedResponseResponse:
    editable = row["scope"] == CannedResponseScope.PERSONAL or reader.may_write_common
    return CannedResponseResponse.model_validate({**row, "editable": editable})
