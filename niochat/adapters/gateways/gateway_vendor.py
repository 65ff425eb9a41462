"""Describes a gateway vendor to the rest of the product."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from niochat.adapters.ssrf_guard import SsrfGuard
from niochat.ports.gateway import GatewayAdmin, WhatsAppGateway
from niochat.ports.gateway_events import ParsedWebhook


@dataclass(frozen=True, slots=True)
class GatewayVendor:
    """One vendor of WhatsApp gateways. Every vendor must set the fields without a default."""

    kind: str
    """The vendor's name in ``channels.kind``, in provider files and in webhook addresses
    (``/webhooks/<kind>/…``)."""
    display_name: str
    open_client: Callable[[SsrfGuard | None], WhatsAppGateway]
    """Opens a client for all channels of this vendor. Without a guard it may reach any address."""
    parse_webhook: Callable[[Mapping[str, object], datetime], ParsedWebhook]
    """Parses the JSON object of a webhook, or an item of ``list_messages``. The second argument
    is the time of receipt (aware). Raises ``InvalidInputError`` for a body that is no webhook."""
    read_stored_time: Callable[[Mapping[str, object], datetime], datetime]
    """When an item of ``list_messages`` was sent; the second argument if the item does not say."""
    open_admin: Callable[[SsrfGuard | None], GatewayAdmin] | None = None
    """Opens a client for instances and pairing. ``None``: the vendor's own site does this."""
    body_has_token: bool = False
    """Whether a webhook's body carries the instance token, which is then checked."""
    signature_header: str = "x-hub-signature-256"
    """The header with ``sha256=<hex>``, the HMAC of the body, for channels with an HMAC key."""
    required_events: frozenset[str] = frozenset()
    """Events for which a webhook must be registered."""
    echo_filters: frozenset[str] = frozenset()
    """Filters that must not be set, because they leave out the echoes of our own messages. Without
    echoes, a send whose response was lost looks like a send that was never made."""
    qr_code_lifetime: timedelta = timedelta(minutes=1)
    pairing_code_lifetime: timedelta = timedelta(minutes=1)
    lists_messages: bool = True
    """Whether ``list_messages`` works. Without it, lost webhooks cannot be fetched later."""
    finds_sent_messages: bool = True
    """Whether ``find_by_track_id`` works. Without it, a send whose response was lost stays
    uncertain."""
