"""The registry of gateway vendors. A new one is a package beside this file and an entry here."""

from niochat.adapters.gateways.gateway_vendor import GatewayVendor
from niochat.adapters.gateways.uazapi.uazapi_vendor import UAZAPI
from niochat.adapters.vendor_registry import VendorRegistry

GATEWAYS: VendorRegistry[GatewayVendor] = VendorRegistry("gateway", [UAZAPI])

DEFAULT_GATEWAY_KIND = UAZAPI.kind
"""The kind of a channel whose kind is not given."""
