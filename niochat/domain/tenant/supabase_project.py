"""What the address and the keys of a Supabase project look like, and what is mirrored of messages.

The checks return their value and raise ``ValueError``, whose text says what to enter instead. They
find mix-ups of the keys, because a secret key that takes the place of the publishable one would be
given to browsers.
"""

import base64
import json
from enum import StrEnum
from urllib.parse import urlsplit

MIN_JWT_SECRET_BYTES = 32
"""Shorter secrets are no key for HS256 (RFC 7518, 3.2)."""
MAX_KEY_LENGTH = 4_000
_PUBLISHABLE_PREFIX, _SECRET_PREFIX = "sb_publishable_", "sb_secret_"
_EXAMPLE_URL = "https://abcdefghijklmnopqrst.supabase.co"


class MirroredMessages(StrEnum):
    """What is mirrored of messages: ``full`` with their text and the names of files, ``metadata``
    without both, ``none`` no messages at all.
    """

    FULL = "full"
    METADATA = "metadata"
    NONE = "none"


def check_project_url(url: str) -> str:
    """Return the URL of a project without a slash at its end."""
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_valid = False
    if not is_valid:
        raise ValueError(f"must be the URL of the project, such as {_EXAMPLE_URL}")
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(
            f"must be the URL of the project alone, such as {_EXAMPLE_URL}: remove everything "
            "after the host, such as /rest/v1"
        )
    return f"{parts.scheme}://{parts.netloc}".lower()


def check_secret_key(key: str) -> str:
    """Return the key with which rows are written."""
    _check_characters(key)
    if key.startswith(_PUBLISHABLE_PREFIX) or _role_of(key) in ("anon", "authenticated"):
        raise ValueError(
            "is the publishable key, which may not write. Take a secret key (sb_secret_…) from "
            "the project's settings, API keys; in older projects the key service_role"
        )
    return key


def check_publishable_key(key: str) -> str:
    """Return the key that browsers get."""
    _check_characters(key)
    if key.startswith(_SECRET_PREFIX) or _role_of(key) not in ("", "anon"):
        raise ValueError(
            "is a secret key, and browsers would get it. Take the publishable key "
            "(sb_publishable_…) from the project's settings, API keys; in older projects the key "
            "anon"
        )
    return key


def check_jwt_secret(secret: str) -> str:
    """Return the shared secret with which an older project verifies tokens."""
    if len(secret.encode()) < MIN_JWT_SECRET_BYTES:
        raise ValueError(
            f"must have {MIN_JWT_SECRET_BYTES} characters or more. Take the legacy JWT secret from "
            "the project's settings, JWT keys, or leave it out"
        )
    return secret


def _check_characters(key: str) -> None:
    if not key or len(key) > MAX_KEY_LENGTH or not all("!" <= each <= "~" for each in key):
        raise ValueError("must be the key as the project shows it, without spaces or line breaks")


def _role_of(key: str) -> str:
    """The role in a key that is a JWT, as those of older projects are; else an empty text."""
    parts = key.split(".")
    if len(parts) != 3:
        return ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return ""
    return str(claims.get("role", "")) if isinstance(claims, dict) else ""
