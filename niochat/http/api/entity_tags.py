"""``ETag`` and ``If-Match``: a change names the version that the client has read, so that nobody
overwrites a version that they have not read (RFC 9110, 13.1.1).
"""

import re
from typing import Annotated

from fastapi import Header, Response

from niochat.http.problems import PreconditionRequiredError

IfMatch = Annotated[
    str | None,
    Header(max_length=1000, description="The ETag of the last GET response, or * for any version."),
]
_ETAG_PATTERN = re.compile(r'"([^"]*)"')


def parse_if_match(if_match: str | None) -> frozenset[str] | None:
    """Return the versions in the header; None for any version. Weak tags match nothing (RFC
    9110). Raises ``PreconditionRequiredError`` without the header.
    """
    if if_match is None:
        raise PreconditionRequiredError(
            "The If-Match header is required. Send the ETag of the last GET response."
        )
    if if_match.strip() == "*":
        return None
    parts = [part.strip() for part in if_match.split(",")]
    return frozenset(match[1] for part in parts if (match := _ETAG_PATTERN.fullmatch(part)))


def set_etag(response: Response, version: object) -> None:
    """Set the strong ``ETag`` of a version."""
    response.headers["ETag"] = f'"{version}"'
