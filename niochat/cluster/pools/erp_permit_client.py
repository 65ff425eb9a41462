"""What the ERP's pool asks of a tenant's actor."""

from uuid import UUID

from niochat.actors import actor_addresses
from niochat.cluster.actor_client import ActorClient
from niochat.erp.call_limiter import CallPermit, CallPermitRelease, CallPermitRequest
from niochat.erp.limited_client import ReleasePermit, RequestPermit


def make_permit_calls(actors: ActorClient) -> tuple[RequestPermit, ReleasePermit]:
    """How the tenant's actor is asked for a place, and told that it is free again."""

    async def ask(tenant_id: UUID, lease: CallPermitRequest) -> CallPermit:
        permit = await actors.ask(actor_addresses.tenant_address(tenant_id), lease)
        assert isinstance(permit, CallPermit)
        return permit

    async def tell(tenant_id: UUID, ended: CallPermitRelease) -> None:
        await actors.tell(actor_addresses.tenant_address(tenant_id), ended)

    return ask, tell
