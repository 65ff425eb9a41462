"""The gateways that there are. A new vendor is a package beside this file and a row here."""

from niochat.adapters.gateways.gateway_vendor import GatewayVendor
from niochat.adapters.gateways.uazapi.uazapi_vendor import UAZAPI
from niochat.adapters.vendor_registry import VendorRegistry

GATEWAYS: VendorRegistry[GatewayVendor] = VendorRegistry("gateway", [UAZAPI])

DEFAULT_GATEWAY_KIND = UAZAPI.kind
"""Of a channel whose kind is not given."""
