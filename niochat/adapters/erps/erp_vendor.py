"""What the product needs to know of an ERP's vendor."""

from collections.abc import Callable
from dataclasses import dataclass

from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.ports.erp import ErpConnector


@dataclass(frozen=True, slots=True)
class ErpVendor:
    """One vendor of ERPs."""

    kind: str
    """The vendor's word in ``erps.kind`` and in provider files."""
    display_name: str
    open_client: Callable[[SsrfGuard | None], ErpConnector]
    """Opens a client for all installations of this vendor. Without a guard it may reach any
    address."""
    needs_app: bool = False
    """Whether an account has the name of an application beside its token (``app``)."""
    has_ticket_kinds: bool = False
    """Whether a provider has codes of its own for service orders (``ticket_kinds``)."""
