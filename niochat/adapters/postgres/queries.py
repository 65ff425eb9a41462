"""Named SQL: each ``.sql`` file holds queries under ``-- name:`` lines, each with a description."""

import re
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "sql"
_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


@cache
def queries(file: str) -> dict[str, str]:
    """All queries of ``sql/<file>.sql`` by name."""
    return parse_queries(_FOLDER / f"{file}.sql")


def parse_queries(path: Path) -> dict[str, str]:
    """All queries of a file by name. Raises ``FileNotFoundError``."""
    parts = _NAME.split(path.read_text(encoding="utf-8"))
    return {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}
