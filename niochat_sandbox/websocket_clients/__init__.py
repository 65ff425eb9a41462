"""Many WebSocket clients that record each frame with its time, and reconnect after a cut.

It is one process that does as little work as possible, because it shares the machine with the
measured processes. It does not judge what it records. ``python -m
niochat_sandbox.websocket_clients`` serves it: ``POST /sandbox/open``, ``/sandbox/cut`` and
``/sandbox/return``, ``GET /sandbox/heard``.
"""
