"""The number a customer is told."""

from datetime import datetime
from zoneinfo import ZoneInfo


def format_protocol_number(now: datetime, timezone: str, number: int) -> str:
    """Day of the tenant's place, then a number that never repeats: ``20261122000123``."""
    return f"{now.astimezone(ZoneInfo(timezone)):%Y%m%d}{number:06d}"
