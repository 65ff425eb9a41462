"""What every part of a provider's file has in common: unknown keys and odd types are refused."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from niochat.domain.text_validation import CONTROL_CHARACTER_MESSAGE, find_control_character


class StrictModel(BaseModel):
    """Keys with values. Its errors never show a value: it may be a secret in the wrong place."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, values: Any) -> Any:
        found = find_control_character(values)
        if found:
            raise error_at(CONTROL_CHARACTER_MESSAGE, *found)
        return values


def error_at(message: str, *at: str | int) -> PydanticCustomError:
    """An error of a whole that is shown at one of its keys."""
    return PydanticCustomError("whole", "{message}", {"message": message, "at": at})
