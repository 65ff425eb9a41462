"""Client by which ERP pool members get call permits from the tenant's actor."""

from uuid import UUID

from niochat.actors import actor_addresses
from niochat.cluster.actor_client import ActorClient
from niochat.erp.call_limiter import CallPermit, CallPermitRelease, CallPermitRequest
from niochat.erp.limited_client import ReleasePermit, RequestPermit


def make_permit_calls(actors: ActorClient) -> tuple[RequestPermit, ReleasePermit]:
    """Return two functions: one requests a call permit from the tenant's actor, one releases it."""

    async def request_permit(tenant_id: UUID, request: CallPermitRequest) -> CallPermit:
        permit = await actors.ask(actor_addresses.tenant_address(tenant_id), request)
        assert isinstance(permit, CallPermit)
        return permit

    async def release_permit(tenant_id: UUID, release: CallPermitRelease) -> None:
        await actors.tell(actor_addresses.tenant_address(tenant_id), release)

    return request_permit, release_permit
