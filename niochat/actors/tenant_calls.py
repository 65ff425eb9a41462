"""What the ERP's pool asks of a tenant's actor."""

from uuid import UUID

from niochat.actors import kinds
from niochat.actors.gateway import ActorClient
from niochat.erp.calls import AskTenant, TellTenant
from niochat.erp.permits import CallEnded, LeaseCall, Permit


def make_permit_calls(actors: ActorClient) -> tuple[AskTenant, TellTenant]:
    """How the tenant's actor is asked for a place, and told that it is free again."""

    async def ask(tenant_id: UUID, lease: LeaseCall) -> Permit:
        permit = await actors.ask(kinds.tenant_address(tenant_id), lease)
        assert isinstance(permit, Permit)
        return permit

    async def tell(tenant_id: UUID, ended: CallEnded) -> None:
        await actors.tell(kinds.tenant_address(tenant_id), ended)

    return ask, tell
