#!/usr/bin/env python3
"""Write the schemas of the REST API and the live sockets to docs/openapi.json and docs/live.json.

Tests fail when these files are out of date.
"""

import json
from pathlib import Path

from niochat.http.rest import rest_application
from niochat.live import frames

DOCS = Path(__file__).parents[1] / "docs"


def main() -> None:
    """Write both files with sorted keys, for small diffs."""
    for name, schema in (
        ("openapi", rest_application.openapi_document()),
        ("live", frames.frames_json_schema()),
    ):
        text = json.dumps(schema, ensure_ascii=False, indent=1, sort_keys=True)
        (DOCS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
