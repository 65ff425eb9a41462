"""The ERPs that there are. A new vendor is a package beside this file and a row here."""

from niochat.adapters.erps.erp_vendor import ErpVendor
from niochat.adapters.erps.sgp.sgp_vendor import SGP
from niochat.adapters.vendor_registry import VendorRegistry

ERPS: VendorRegistry[ErpVendor] = VendorRegistry("ERP", [SGP])

DEFAULT_ERP_KIND = SGP.kind
"""Of an ERP whose kind is not given."""
