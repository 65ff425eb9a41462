"""Base model of all parts of a provider file: it refuses unknown keys and control characters."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from niochat.domain.text_validation import CONTROL_CHARACTER_MESSAGE, find_control_character


class StrictModel(BaseModel):
    """Base model. Its errors never contain a value, which may be a secret in the wrong field."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, values: Any) -> Any:
        path = find_control_character(values)
        if path:
            raise error_at(CONTROL_CHARACTER_MESSAGE, *path)
        return values


def error_at(message: str, *at: str | int) -> PydanticCustomError:
    """An error of a model validator that is reported at one of the model's keys."""
    return PydanticCustomError("whole", "{message}", {"message": message, "at": at})
