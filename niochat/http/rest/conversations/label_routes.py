"""``/labels``: the labels in use."""

from fastapi import APIRouter, Request

from niochat.domain.permissions import PermissionAction
from niochat.http.api.schemas import ResponseModel
from niochat.http.rest.conversation_access import visibility_for
from niochat.http.rest.conversations.conversation_routes import MayRead
from niochat.http.rest.rest_services import services_for

router = APIRouter(prefix="/labels", tags=["conversations"])


class LabelResponse(ResponseModel):
    """A label in use: the numbers of unresolved conversations that the caller may see, and of
    contacts. The latter is 0 for callers who may not read contacts.
    """

    name: str
    conversations: int
    contacts: int


@router.get("")
async def list_labels(caller: MayRead, request: Request) -> list[LabelResponse]:
    """List the labels of unresolved conversations and of contacts, alphabetically."""
    tenant_id = caller.require(PermissionAction.CONVERSATIONS_READ)
    with_contacts = caller.may(PermissionAction.CONTACTS_READ)
    rows = await services_for(request).contact_directory.list_labels(
        tenant_id, visibility_for(caller), with_contacts
    )
    return [LabelResponse.model_validate(row) for row in rows]
