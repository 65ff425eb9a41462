"""Uazapi (uazapiGO v2): webhooks in, HTTP out."""
