"""Converts commands, states and events to JSON and back.

Data in a newer format raises ``UnreadableDataError``.
"""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from niochat.domain.conversation.commands import DurableCommand
from niochat.domain.conversation.events import Event
from niochat.domain.conversation.policy import ConversationPolicy
from niochat.domain.conversation.state import SCHEMA_VERSION, ConversationState
from niochat.domain.errors import UnreadableDataError


@cache
def _commands() -> TypeAdapter[DurableCommand]:
    return TypeAdapter(Annotated[DurableCommand, Field(discriminator="type")])


@cache
def _events() -> TypeAdapter[Event]:
    return TypeAdapter(Annotated[Event, Field(discriminator="type")])


@cache
def _states() -> TypeAdapter[ConversationState]:
    return TypeAdapter(ConversationState)


@cache
def _policies() -> TypeAdapter[ConversationPolicy]:
    return TypeAdapter(ConversationPolicy)


def command_to_json(command: DurableCommand) -> Any:
    """JSON of a durable command."""
    return _commands().dump_python(command, mode="json")


def command_from_json(value: object) -> DurableCommand:
    """Read a command. Raises ``UnreadableDataError`` when this code does not know it."""
    try:
        return _commands().validate_python(value)
    except ValidationError as error:
        raise UnreadableDataError(f"unknown command: {error.error_count()} problems") from error


def event_to_json(event: Event) -> Any:
    """JSON of an event, with its ``type``."""
    return _events().dump_python(event, mode="json")


def event_from_json(value: object) -> Event:
    """Read an event. Raises ``UnreadableDataError`` when this code does not know it."""
    try:
        return _events().validate_python(value)
    except ValidationError as error:
        raise UnreadableDataError(f"unknown event: {error.error_count()} problems") from error


def state_to_json(state: ConversationState) -> Any:
    """JSON of a conversation's state, to be stored with ``SCHEMA_VERSION``."""
    return _states().dump_python(state, mode="json")


def state_from_json(value: object, schema_version: int) -> ConversationState:
    """Read a state. Raises ``UnreadableDataError`` when newer code wrote it, or it is malformed."""
    if schema_version > SCHEMA_VERSION:
        raise UnreadableDataError(
            f"state of schema {schema_version}, this code knows {SCHEMA_VERSION}"
        )
    try:
        return _states().validate_python(value)
    except ValidationError as error:
        raise UnreadableDataError(f"state does not fit: {error.error_count()} problems") from error


def policy_from_row(status: str, stored: Mapping[str, object]) -> ConversationPolicy:
    """A tenant's policy from its row."""
    return _policies().validate_python({**stored, "suspended": status == "suspended"})
