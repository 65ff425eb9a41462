"""The gateway's message store, reduced to the rejected webhooks, newest first.

Accepted messages are not stored, so that a back-fill does not find them while others are measured.
"""

from collections import defaultdict, deque

import orjson

_MAX_REQUESTS = 20_000
"""The limit per instance; older webhooks are dropped, as a real gateway does after some time."""


class RejectedWebhookStore:
    """Complete HTTP requests by the instance's token."""

    def __init__(self) -> None:
        self._requests: defaultdict[str, deque[bytes]] = defaultdict(
            lambda: deque(maxlen=_MAX_REQUESTS)
        )

    def add(self, token: str, request: bytes) -> None:
        """Store a webhook that was rejected."""
        self._requests[token].appendleft(request)

    def find_page(self, token: str, query: bytes) -> bytes:
        """Return the gateway's response to ``POST /message/find`` with ``limit`` and ``offset``."""
        paging = orjson.loads(query)
        first, limit = int(paging.get("offset", 0)), int(paging.get("limit", 100))
        requests = list(self._requests.get(token, ()))
        page = requests[first : first + limit]
        messages = [orjson.loads(each.partition(b"\r\n\r\n")[2])["message"] for each in page]
        return orjson.dumps(
            {
                "returnedMessages": len(messages),
                "messages": messages,
                "limit": limit,
                "offset": first,
                "hasMore": first + limit < len(requests),
            }
        )
