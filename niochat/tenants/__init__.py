"""Tenants with their channels, assistants and ERPs: declared in files or by API, and looked up."""
