"""The provider's ERP: within its limits, read through a cache, written to once."""
