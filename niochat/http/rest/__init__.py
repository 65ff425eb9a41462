"""The REST API below ``/api/v1``: what the desk, apps and integrations talk to."""
