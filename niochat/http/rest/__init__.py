"""The REST API below ``/api/v1``, for the desk, apps and integrations."""
