"""The gateway's store, as far as it matters here: what webhooks were refused, newest first.

Messages that were taken are not in it, so that nothing is filled up while others are measured.
"""

from collections import defaultdict, deque

import orjson

_MAX_REQUESTS = 20_000
"""Of one instance; older ones are gone, as they are after some time at a real gateway."""


class RejectedWebhookStore:
    """Whole HTTP requests by the instance's token."""

    def __init__(self) -> None:
        self._requests: defaultdict[str, deque[bytes]] = defaultdict(
            lambda: deque(maxlen=_MAX_REQUESTS)
        )

    def add(self, token: str, request: bytes) -> None:
        """This webhook was refused."""
        self._requests[token].appendleft(request)

    def find_page(self, token: str, query: bytes) -> bytes:
        """The gateway's answer to `POST /message/find` with `limit` and `offset`."""
        asked = orjson.loads(query)
        first, limit = int(asked.get("offset", 0)), int(asked.get("limit", 100))
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
