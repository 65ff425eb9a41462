"""``/contacts/export``: all contacts as a CSV file."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse

from niochat.adapters.spreadsheet_files import BYTE_ORDER_MARK, format_csv_rows
from niochat.domain.permissions import PermissionAction
from niochat.http.rest.conversations.contact_routes import READ_ACTION, contact_response
from niochat.http.rest.dependencies import PermissionDependency, audit_read
from niochat.http.rest.rest_services import services_for
from niochat.identity.authentication import Principal

MayExport = Annotated[Principal, Depends(PermissionDependency(PermissionAction.CONTACTS_EXPORT))]
COLUMNS = (
    "id",
    "name",
    "phone",
    "phones",
    "document",
    "labels",
    "blocked",
    "notes",
    "created_at",
)

router = APIRouter(prefix="/contacts", tags=["contacts"])


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}}, "description": "The contacts, by name."}},
)
async def export_contacts(caller: MayExport, request: Request) -> StreamingResponse:
    """Return all contacts as CSV: UTF-8 with a byte order mark, separated by semicolons, with a
    header row. Callers without ``contacts:write`` get only the last digits of documents. A cell
    that a spreadsheet would take for a formula begins with an apostrophe.
    """
    tenant_id = caller.require(PermissionAction.CONTACTS_EXPORT)
    batches = services_for(request).contact_directory.export(tenant_id)
    first: list[dict[str, Any]] = await anext(
        batches, []
    )  # a database that does not answer is a problem, not a file
    await audit_read(request, caller, READ_ACTION, "contacts", {"export": "csv"})
    headers = {
        "content-disposition": 'attachment; filename="contacts.csv"',
        "cache-control": "no-store",
    }
    return StreamingResponse(
        _csv(caller, first, batches), media_type="text/csv; charset=utf-8", headers=headers
    )


async def _csv(
    caller: Principal, first: list[dict[str, Any]], more: AsyncIterator[list[dict[str, Any]]]
) -> AsyncIterator[str]:
    yield BYTE_ORDER_MARK + format_csv_rows([COLUMNS]) + _contact_rows(caller, first)
    async for batch in more:
        yield _contact_rows(caller, batch)


def _contact_rows(caller: Principal, batch: Sequence[dict[str, Any]]) -> str:
    contacts = (contact_response(caller, row).model_dump(mode="json") for row in batch)
    return format_csv_rows([[contact[name] for name in COLUMNS] for contact in contacts])
