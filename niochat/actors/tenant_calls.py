"""What the ERP's pool asks of a tenant's actor."""

from uuid import UUID

from niochat.actors import kinds
from niochat.actors.gateway import HostGateway
from niochat.erp.calls import AskTenant, TellTenant
from niochat.erp.permits import CallEnded, LeaseCall, Permit


def tenant_calls(hosts: HostGateway) -> tuple[AskTenant, TellTenant]:
    """How the tenant's actor is asked for a place, and told that it is free again."""

    async def ask(tenant_id: UUID, lease: LeaseCall) -> Permit:
        permit = await hosts.ask(kinds.tenant(tenant_id), lease)
        assert isinstance(permit, Permit)
        return permit

    async def tell(tenant_id: UUID, ended: CallEnded) -> None:
        await hosts.tell(kinds.tenant(tenant_id), ended)

    return ask, tell
