"""What every part of a provider's file has in common: unknown keys and odd types are refused."""

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


class Declared(BaseModel):
    """Keys with values. Its errors never show a value: it may be a secret in the wrong place."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def wrong_at(message: str, *at: str) -> PydanticCustomError:
    """An error of a whole that is shown at one of its keys."""
    return PydanticCustomError("whole", "{message}", {"message": message, "at": at})
