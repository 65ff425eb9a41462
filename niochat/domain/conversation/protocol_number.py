"""The protocol number that names a conversation to its customer."""

from datetime import datetime
from zoneinfo import ZoneInfo


def format_protocol_number(now: datetime, timezone: str, number: int) -> str:
    """Returns the tenant's local date followed by the unique ``number``: ``20261122000123``."""
    return f"{now.astimezone(ZoneInfo(timezone)):%Y%m%d}{number:06d}"
