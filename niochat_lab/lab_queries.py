"""Named SQL queries of this package, from ``niochat_lab/sql``."""

from functools import cache
from pathlib import Path

from niochat.adapters.postgres.queries import parse_queries

_FOLDER = Path(__file__).parent / "sql"


@cache
def lab_queries(file: str) -> dict[str, str]:
    """Load the queries of ``sql/<file>.sql`` by name."""
    return parse_queries(_FOLDER / f"{file}.sql")
