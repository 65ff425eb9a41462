"""The registry of ERP vendors. A new vendor is a package beside this file and an entry here."""

from niochat.adapters.erps.erp_vendor import ErpVendor
from niochat.adapters.erps.sgp.sgp_vendor import SGP
from niochat.adapters.vendor_registry import VendorRegistry

ERPS: VendorRegistry[ErpVendor] = VendorRegistry("ERP", [SGP])

DEFAULT_ERP_KIND = SGP.kind
"""The kind of an ERP whose kind is not given."""
