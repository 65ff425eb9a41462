"""Describes an ERP vendor to the rest of the product."""

from collections.abc import Callable
from dataclasses import dataclass

from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.ports.erp import ErpConnector


@dataclass(frozen=True, slots=True)
class ErpVendor:
    """One ERP vendor."""

    kind: str
    """The vendor's name in ``erps.kind`` and in provider files."""
    display_name: str
    open_client: Callable[[SsrfGuard | None], ErpConnector]
    """Opens a client for all installations of this vendor. Without a guard it may reach any
    address."""
    needs_app: bool = False
    """Whether an account needs the name of an application (``app``) beside its token."""
    has_ticket_kinds: bool = False
    """Whether each provider has its own codes for kinds of service orders (``ticket_kinds``)."""
