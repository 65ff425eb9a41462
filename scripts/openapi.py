#!/usr/bin/env python3
"""Write the OpenAPI document of the APIs to docs/openapi.json, and the JSON schema of the frames of
/live to docs/live.json. Tests fail while they are out of date.
"""

import json
from pathlib import Path

from niochat.http.openapi_document import openapi_document
from niochat.live import frames

DOCS = Path(__file__).parents[1] / "docs"


def main() -> None:
    """Write both files. Keys are sorted, so that a diff shows only what changed."""
    for name, document in (
        ("openapi", openapi_document()),
        ("live", frames.frames_json_schema()),
    ):
        text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True)
        (DOCS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
