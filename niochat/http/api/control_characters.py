"""Rejects control characters in the path, query and body of a request."""

from fastapi import Request
from fastapi.exceptions import RequestValidationError

from niochat.domain.text_validation import CONTROL_CHARACTER_MESSAGE, find_control_character


async def reject_control_characters(request: Request) -> None:
    """Check path, query and JSON body. Raises ``RequestValidationError`` that names the field."""
    parts = [("path", dict(request.path_params)), ("query", dict(request.query_params))]
    if hasattr(request, "_json"):  # set if FastAPI has read the body; else no route uses a body
        parts.append(("body", await request.json()))
    for name, values in parts:
        location = find_control_character(values)
        if location is not None:
            error = {
                "type": "control_character",
                "loc": (name, *location),
                "msg": CONTROL_CHARACTER_MESSAGE,
            }
            raise RequestValidationError([error])
