"""``/opt-outs``: contacts who want no messages that the provider begins."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from niochat.adapters.spreadsheet_files import BYTE_ORDER_MARK, CSV_TYPE, format_csv_rows
from niochat.conversations.opt_outs import OptOutStore
from niochat.domain.permissions import PermissionAction
from niochat.http.api.pagination import (
    CursorPage,
    PageCursor,
    PageLimit,
    format_time_cursor,
    parse_time_cursor,
)
from niochat.http.api.schemas import ResponseModel
from niochat.http.rest.dependencies import PermissionDependency, audit_actor_for, audit_read
from niochat.http.rest.idempotent_route import IdempotentRoute
from niochat.http.rest.rest_services import services_for
from niochat.identity.authentication import Principal

MayRead = Annotated[Principal, Depends(PermissionDependency(PermissionAction.CONTACTS_READ))]
MayExport = Annotated[Principal, Depends(PermissionDependency(PermissionAction.CONTACTS_EXPORT))]
MayUndo = Annotated[Principal, Depends(PermissionDependency(PermissionAction.SETTINGS_WRITE))]
READ_ACTION = "opt_outs.read"
"""The action in the audit log for reading opt-outs."""
BATCH = 500
"""Opt-outs that an export reads at once."""
COLUMNS = (
    "contact_id",
    "name",
    "phone",
    "opted_out_at",
    "by_customer",
    "by_name",
    "reason",
    "conversation_id",
)

router = APIRouter(prefix="/opt-outs", tags=["contacts"], route_class=IdempotentRoute)


class OptOutResponse(ResponseModel):
    """An opt-out. ``reason`` says what the customer answered: a ``follow_up``, a request for a
    ``rating``, or a ``conversation`` that an agent started; ``agent``: somebody of the provider
    entered it. ``by_name`` is their name, and null if the customer said it.
    """

    contact_id: UUID
    name: str | None
    phone: str | None
    opted_out_at: AwareDatetime
    by_customer: bool
    by_name: str | None
    reason: Literal["follow_up", "rating", "conversation", "agent"]
    conversation_id: UUID | None


@router.get("")
async def list_opt_outs(
    caller: MayRead, request: Request, limit: PageLimit = 50, cursor: PageCursor = None
) -> CursorPage[OptOutResponse]:
    """List the contacts who get no message that the provider begins, the latest opt-out first. A
    contact is entered by ``PATCH /contacts/{contact_id}`` with ``opted_out``, or by its own words.
    """
    tenant_id = caller.require(PermissionAction.CONTACTS_READ)
    rows = await _store(request).list_opt_outs(tenant_id, parse_time_cursor(cursor), limit + 1)
    shown, following = rows[:limit], None
    if len(rows) > limit:
        following = format_time_cursor(shown[-1]["opted_out_at"], shown[-1]["contact_id"])
    await audit_read(request, caller, READ_ACTION, "opt_outs", {"shown": len(shown)})
    return CursorPage(
        items=[OptOutResponse.model_validate(row) for row in shown], next_cursor=following
    )


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}}, "description": "The opt-outs."}},
)
async def export_opt_outs(caller: MayExport, request: Request) -> StreamingResponse:
    """Return all opt-outs as CSV: UTF-8 with a byte order mark, separated by semicolons, with a
    header row.
    """
    tenant_id = caller.require(PermissionAction.CONTACTS_EXPORT)
    store = _store(request)
    # A database that does not answer is a problem, and not a file.
    first = await store.list_opt_outs(tenant_id, None, BATCH)
    await audit_read(request, caller, READ_ACTION, "opt_outs", {"export": "csv"})
    headers = {
        "content-disposition": 'attachment; filename="opt-outs.csv"',
        "cache-control": "no-store",
    }
    return StreamingResponse(_lines(store, tenant_id, first), media_type=CSV_TYPE, headers=headers)


@router.delete("/{contact_id}", status_code=204)
async def undo_opt_out(contact_id: UUID, caller: MayUndo, request: Request) -> None:
    """Let a contact get such messages again, for instance because it asks for them. The audit log
    keeps who did, and the opt-out that there was.
    """
    tenant_id = caller.require(PermissionAction.SETTINGS_WRITE)
    await _store(request).undo(tenant_id, contact_id, audit_actor_for(request, caller))


def _store(request: Request) -> OptOutStore:
    return services_for(request).opt_outs


async def _lines(
    store: OptOutStore, tenant_id: UUID, rows: Sequence[dict[str, Any]]
) -> AsyncIterator[str]:
    yield BYTE_ORDER_MARK + format_csv_rows([COLUMNS])
    while rows:
        items = (OptOutResponse.model_validate(row).model_dump(mode="json") for row in rows)
        yield format_csv_rows([[item[name] for name in COLUMNS] for item in items])
        last = rows[-1]
        after = (last["opted_out_at"], last["contact_id"])
        rows = await store.list_opt_outs(tenant_id, after, BATCH)
