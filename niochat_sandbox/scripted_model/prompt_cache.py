"""A simulated prompt cache that counts cached tokens as OpenAI does.

The common beginning with an earlier request counts as cached, in steps of 128 tokens, from 1,024
tokens on.
"""

from collections import OrderedDict
from hashlib import blake2b

import orjson

from niochat_sandbox.http_json import JsonObject

_CHARACTERS = 4 * 128
"""The characters of one step; a token is estimated at four characters."""
_MIN_TOKENS = 1024
_MAX_ENTRIES = 4096


class SimulatedPromptCache:
    """Digests of the beginnings of the newest requests of all keys."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def count_cached_tokens(
        self, key: str, messages: list[JsonObject], tools: list[JsonObject]
    ) -> int:
        """Count the tokens that this request shares with an earlier one of the same key, and
        remember it.
        """
        text = (orjson.dumps(tools) + orjson.dumps(messages)).decode()
        digest, matching_steps, matches = blake2b(key.encode(), digest_size=16), 0, True
        for start in range(0, len(text) - _CHARACTERS + 1, _CHARACTERS):
            digest.update(text[start : start + _CHARACTERS].encode())
            matches = matches and digest.digest() in self._seen
            matching_steps += matches
            self._remember(digest.digest())
        tokens = matching_steps * (_CHARACTERS // 4)
        return tokens if tokens >= _MIN_TOKENS else 0

    def _remember(self, digest: bytes) -> None:
        self._seen[digest] = None
        self._seen.move_to_end(digest)
        if len(self._seen) > _MAX_ENTRIES:
            self._seen.popitem(last=False)
