"""Faults that the sandbox injects into gateway, model, ERP and webhooks on demand."""
