"""The header ``Idempotency-Key``: declared and validated once for all APIs."""

import re
from typing import Annotated

from fastapi import Depends, Header

from niochat.http.problems import UnprocessableError

IDEMPOTENCY_HEADER = "Idempotency-Key"
_KEY_PATTERN = re.compile(r"[\x21-\x7e]{1,128}")
_KEY_SCHEMA = {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"}


async def idempotency_key(
    header: Annotated[
        str | None,
        Header(
            alias=IDEMPOTENCY_HEADER,
            description="A request with the same key is executed once within a day; repeating it "
            "returns the first response. 409 with the code in_progress: repeat the request later. "
            "409 with answer_lost: the request was executed but the response is lost. Check the "
            "result before you send another request with a new key.",
            json_schema_extra={"anyOf": [_KEY_SCHEMA, {"type": "null"}]},
        ),
    ] = None,
) -> str | None:
    """Return the key; None without the header. Raises ``UnprocessableError`` (``bad_key``)."""
    return check_idempotency_key(header)


def check_idempotency_key(key: str | None) -> str | None:
    """Return ``key`` if it is valid. Raises ``UnprocessableError`` (``bad_key``)."""
    if key is not None and not _KEY_PATTERN.fullmatch(key):
        raise UnprocessableError(
            "Idempotency-Key must be 1 to 128 visible ASCII characters.", code="bad_key"
        )
    return key


IdempotencyKey = Annotated[str | None, Depends(idempotency_key)]
"""A parameter of an endpoint: the key, or None."""
