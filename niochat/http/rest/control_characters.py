"""No route takes control characters, wherever in a request they stand."""

from fastapi import Request
from fastapi.exceptions import RequestValidationError

from niochat.domain.text_validation import CONTROL_CHARACTER_MESSAGE, find_control_character


async def reject_control_characters(request: Request) -> None:
    """Looks through path, query and body, which has been read as JSON by now. Raises
    ``RequestValidationError`` that names the field.
    """
    parts = [("path", dict(request.path_params)), ("query", dict(request.query_params))]
    if hasattr(request, "_json"):  # nothing is read that the route does not want
        parts.append(("body", await request.json()))
    for name, values in parts:
        found = find_control_character(values)
        if found is not None:
            wrong = {
                "type": "control_character",
                "loc": (name, *found),
                "msg": CONTROL_CHARACTER_MESSAGE,
            }
            raise RequestValidationError([wrong])
