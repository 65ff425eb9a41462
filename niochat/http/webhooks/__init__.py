"""The endpoint that receives webhooks of gateways, and the limits that protect it."""
