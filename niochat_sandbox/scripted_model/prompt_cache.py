"""What the simulated model has read before, counted as OpenAI counts it.

A request's beginning that an earlier one had too is not read again: in steps of 128 tokens, from
1,024 on.
"""

from collections import OrderedDict
from hashlib import blake2b

import orjson

from niochat_sandbox.http_json import JsonObject

_CHARACTERS = 4 * 128
"""Of one step; tokens are estimated at four characters each."""
_MIN_TOKENS = 1024
_MAX_ENTRIES = 4096


class SimulatedPromptCache:
    """Digests of the beginnings of the newest requests, all keys together."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def count_cached_tokens(
        self, key: str, messages: list[JsonObject], tools: list[JsonObject]
    ) -> int:
        """Tokens of this request's beginning that an earlier one of the same key had; from now on
        all of it is known.
        """
        text = (orjson.dumps(tools) + orjson.dumps(messages)).decode()
        digest, known, known_on = blake2b(key.encode(), digest_size=16), 0, True
        for at in range(0, len(text) - _CHARACTERS + 1, _CHARACTERS):
            digest.update(text[at : at + _CHARACTERS].encode())
            known_on = known_on and digest.digest() in self._seen
            known += known_on
            self._remember(digest.digest())
        tokens = known * (_CHARACTERS // 4)
        return tokens if tokens >= _MIN_TOKENS else 0

    def _remember(self, digest: bytes) -> None:
        self._seen[digest] = None
        self._seen.move_to_end(digest)
        if len(self._seen) > _MAX_ENTRIES:
            self._seen.popitem(last=False)
