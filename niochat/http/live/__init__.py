"""The ``/live`` endpoint: WebSocket connections of the desk."""
