"""What the routes of subscribers share: permissions, services and masking."""

from typing import Annotated

from fastapi import Depends, Path, Query, Request

from niochat.composition.subscriber_services import SubscriberServices
from niochat.domain.permissions import PermissionAction
from niochat.http.rest.dependencies import PermissionDependency, audit_read
from niochat.http.rest.rest_services import services_for
from niochat.identity.authentication import Principal

READ_ACTION = "subscribers.read"
"""The action in the audit log for reading data of subscribers."""
MAX_ID_CHARS = 64

MayReadSubscribers = Annotated[
    Principal, Depends(PermissionDependency(PermissionAction.SUBSCRIBERS_READ))
]
ContractId = Annotated[str, Path(min_length=1, max_length=MAX_ID_CHARS)]
InvoiceId = Annotated[str, Path(min_length=1, max_length=MAX_ID_CHARS)]
Refresh = Annotated[
    bool,
    Query(description="Ask the ERP again instead of using a result that is some seconds old."),
]


def subscribers_for(request: Request) -> SubscriberServices:
    """Return the services for subscribers."""
    return services_for(request).subscribers


def is_masked(caller: Principal) -> bool:
    """Whether the caller sees personal data of subscribers masked, as those of contacts."""
    return not caller.may(PermissionAction.CONTACTS_WRITE)


async def audit_contract_read(
    request: Request, caller: Principal, contact_id: object, contract_id: str, what: str
) -> None:
    """Record that the caller has read data of a contract."""
    after: dict[str, object] = {"contract": contract_id, "what": what}
    await audit_read(request, caller, READ_ACTION, f"contact:{contact_id}", after)
