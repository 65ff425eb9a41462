"""SGP's entry in the registry."""

from niochat.adapters.erps.erp_vendor import ErpVendor
from niochat.adapters.erps.sgp.client import SgpClient

SGP = ErpVendor(
    kind="sgp",
    display_name="SGP",
    open_client=lambda guard: SgpClient(guard=guard),
    needs_app=True,
    has_ticket_kinds=True,
)
