"""Base classes of request and response bodies, and annotated field types."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""The name of a tenant, team, role, channel or label in URLs."""

DisplayName = Annotated[str, Field(min_length=1, max_length=120)]
"""The name of a user, team or key as people read it."""
PermissionNames = Annotated[list[str], Field(max_length=100)]
"""Permissions of a role or key, as listed by ``GET /permissions``."""


class RequestModel(BaseModel):
    """A request body. An unknown field is an error."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class ResponseModel(BaseModel):
    """A response body."""

    model_config = ConfigDict(from_attributes=True)
