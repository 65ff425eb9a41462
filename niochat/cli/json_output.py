"""JSON output of commands."""

import json
import sys


def print_json(value: object) -> None:
    """Print a JSON value to standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")
