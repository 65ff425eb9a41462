"""Who caused an event, in which words a screen says it, and what it started."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args
from uuid import UUID

import pytest

from niochat.conversations.history.history_labels import (
    HistorySummary,
    actor_of,
    effects_of,
    parse_cause,
    summarize,
)
from niochat.domain.conversation import events as e
from niochat.domain.conversation.commands import TurnOutcome
from niochat.domain.message import DeliveryStatus

USER, OTHER = str(UUID(int=1)), str(UUID(int=2))
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "provider_spoke": [{"author": each} for each in ("phone", "integration", "automatic")],
    "message_queued": [{"author": each} for each in ("assistant", "agent", "system")],
    "message_status_changed": [{"status": each.value} for each in DeliveryStatus],
    "turn_finished": [{"outcome": each.value} for each in TurnOutcome],
    "conversation_assigned": [{"queue": None}, {"queue": "n1"}],
    "conversation_transferred": [
        {"reason": "offline"},
        {"reason": "", "agent": OTHER},
        {"reason": "", "agent": None},
    ],
    "conversation_resolved": [
        {"reason": each} for each in (USER, "merged", "assistant", "inactivity")
    ],
    "conversation_woken": [{"reason": each} for each in ("due", "customer_wrote")],
    "file_settled": [{"code": ""}, {"code": "gone"}],
    "file_read": [{"code": ""}, {"code": "too_long"}],
}


def build_event(kind: Any) -> dict[str, Any]:
    """The JSON of an event with a text in every field."""
    return {
        field.name: field.default if field.name == "type" else "x"
        for field in fields(kind)
        if field.name != "attempt"
    }


def summaries_of(kind: Any) -> set[str]:
    """All summaries that an event of this kind can have."""
    event = build_event(kind)
    return {summarize({**event, **variant}) for variant in VARIANTS.get(event["type"], [{}])}


def test_the_page_of_the_api_lists_every_summary() -> None:
    page = (Path(__file__).parents[3] / "docs/rest-api.md").read_text(encoding="utf-8")
    section = page.partition("## History")[2].partition("\n## ")[0]
    listed = set(re.findall(r"`([a-z_]+)`", section.partition("Summaries:")[2].split("\n\n")[0]))
    assert listed == {code for kind in get_args(e.Event) for code in summaries_of(kind)}
    assert listed | {"other"} == set(get_args(HistorySummary))


@pytest.mark.parametrize("kind", get_args(e.Event))
def test_every_event_has_a_summary_and_known_effects(kind: Any) -> None:
    event = build_event(kind)
    assert summarize(event).replace("_", "").isalnum()
    assert all(effect["code"] for effect in effects_of(event))


@pytest.mark.parametrize(
    ("cause", "parts"),
    [
        ("receive_message:12", ("receive_message", "12")),
        ("finish_assistant_turn:a:1", ("finish_assistant_turn", "a:1")),
        ("suspend_assistant", ("suspend_assistant", None)),
        (None, (None, None)),
    ],
)
def test_a_cause_has_a_command_and_a_reference(
    cause: str | None, parts: tuple[str | None, str | None]
) -> None:
    assert parse_cause(cause) == parts


@pytest.mark.parametrize(
    ("command", "event", "caller", "author", "expected"),
    [
        ("receive_message", {}, None, "customer", ("customer", None)),
        ("receive_edit", {}, None, "customer", ("customer", None)),
        ("receive_edit", {}, None, "agent", ("phone", None)),
        ("receive_reaction", {"by_provider": True}, None, "customer", ("phone", None)),
        ("receive_phone_message", {}, None, "phone", ("phone", None)),
        ("receive_phone_message", {}, None, "automatic", ("system", None)),
        ("receive_echo", {}, None, "integration", ("integration", None)),
        ("settle_send", {"type": "message_edited"}, USER, "agent", ("agent", None)),
        ("settle_send", {"type": "message_status_changed"}, None, "agent", ("whatsapp", None)),
        ("receive_receipt", {}, None, "agent", ("whatsapp", None)),
        ("assign_conversation", {"agent": OTHER}, USER, None, ("agent", USER)),
        ("assign_conversation", {"agent": OTHER}, None, None, ("agent", OTHER)),
        ("assign_conversation", {"agent": OTHER, "queue": "n1"}, None, None, ("queue", "n1")),
        ("transfer_conversation", {"by": USER, "agent": OTHER}, None, None, ("agent", USER)),
        ("transfer_conversation", {"reason": "offline"}, None, None, ("system", None)),
        ("resolve_conversation", {"reason": USER}, None, None, ("agent", USER)),
        ("finish_assistant_turn", {}, None, "assistant", ("assistant", None)),
        ("hand_over_conversation", {"reason": "operator"}, None, None, ("operator", None)),
        ("fire_timer", {}, None, None, ("timer", None)),
        (None, {}, None, None, ("system", None)),
    ],
)
def test_the_actor_follows_from_the_command(
    command: str | None,
    event: dict[str, Any],
    caller: str | None,
    author: str | None,
    expected: tuple[str, str | None],
) -> None:
    actor = actor_of(command, event, caller, author)
    assert (actor.kind.value, actor.id) == expected


def test_a_transfer_to_an_agent_joins_no_queue() -> None:
    event = {"type": "conversation_transferred", "by": USER, "team": None, "agent": OTHER}
    assert [effect["code"] for effect in effects_of(event)] == ["sends_cancelled"]
    to_team = {**event, "team": "n1", "agent": None}
    assert effects_of(to_team) == [
        {"code": "sends_cancelled"},
        {"code": "queue_joined", "team": "n1"},
    ]
