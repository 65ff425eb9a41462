"""The OpenAPI document of all APIs (docs/openapi.json)."""

from typing import Any

from niochat.http.operators.operator_application import (
    OPERATORS_PATH,
    create_operator_application,
)
from niochat.http.rest.rest_application import create_rest_application


def openapi_document() -> dict[str, Any]:
    """Return OpenAPI 3.1 of the REST API and, as the tag ``operators``, of the operators' API.
    Nothing has to run for it.
    """
    document = create_rest_application().openapi()
    operators = create_operator_application().openapi()
    parent, _, name = OPERATORS_PATH.rpartition("/")
    for path, operations in operators["paths"].items():
        document["paths"][f"/{name}{path}"] = {"servers": [{"url": parent}], **operations}
    document["components"]["schemas"] |= operators["components"]["schemas"]
    return document
