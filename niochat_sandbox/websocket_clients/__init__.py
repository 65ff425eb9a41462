"""Many screens that watch: sockets that note what they hear and when, and come again when cut.

One process and as little work as possible, because it shares the machine with what it measures. It
judges nothing. `python -m niochat_sandbox.websocket_clients` serves it: `POST /sandbox/open`,
`/sandbox/cut` and `/sandbox/return`, `GET /sandbox/heard`.
"""
