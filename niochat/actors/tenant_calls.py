"""What the ERP's pool asks of a tenant's actor."""

from uuid import UUID

from niochat.actors import kinds
from niochat.actors.gateway import ActorClient
from niochat.erp.calls import ReleasePermit, RequestPermit
from niochat.erp.permits import CallPermit, CallPermitRelease, CallPermitRequest


def make_permit_calls(actors: ActorClient) -> tuple[RequestPermit, ReleasePermit]:
    """How the tenant's actor is asked for a place, and told that it is free again."""

    async def ask(tenant_id: UUID, lease: CallPermitRequest) -> CallPermit:
        permit = await actors.ask(kinds.tenant_address(tenant_id), lease)
        assert isinstance(permit, CallPermit)
        return permit

    async def tell(tenant_id: UUID, ended: CallPermitRelease) -> None:
        await actors.tell(kinds.tenant_address(tenant_id), ended)

    return ask, tell
