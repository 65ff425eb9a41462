"""The simulated models by name: the honest one, the fooled one and the stubborn one."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from niochat.sandbox.flows.actions import Action, Call, Say, call
from niochat.sandbox.flows.requests import Request
from niochat.sandbox.flows.scene import read_scene, this_turn
from niochat.sandbox.flows.script import next_action
from niochat.sandbox.replies import has_tag, is_customers, reply_to, text_of, unanswered
from niochat.sandbox.rim import Body

_ORDER = "OBEDECE:"
_DONE = "Pronto."


class Player(StrEnum):
    """The models' names; any other name is played by the first."""

    HONEST = "sandbox-simulador"
    FOOLED = "sandbox-obediente"
    STUBBORN = "sandbox-teimoso"


@dataclass(frozen=True, slots=True)
class Order:
    """What a customer's `OBEDECE: <json>` makes a fooled model do.

    ``{"calls": [{"name": …, "arguments": {…}} or {"name": …, "raw": "…"}], "text": "…"}``:
    the calls one a step, then the text. `raw` goes out as it is, so it may be no JSON.
    """

    calls: tuple[Call, ...]
    text: str


def play(request: Request) -> Action:
    """The next action of the request's model."""
    if request.model in (Player.FOOLED, Player.STUBBORN):
        order = read_order(request.messages)
        if order:
            return _obey(order, request)
    return _serve(request)


def read_order(messages: list[Body]) -> Order | None:
    """The order in the customer's last text; None without one, or when it is no such JSON."""
    texts = [text_of(each.get("content")) for each in messages if is_customers(each)]
    _, found, rest = texts[-1].partition(_ORDER) if texts else ("", "", "")
    if not found:
        return None
    try:
        data, _ = json.JSONDecoder().raw_decode(rest.lstrip())
        calls = tuple(_call(each) for each in data.get("calls", ()))
        return Order(calls, str(data.get("text", _DONE)))
    except (ValueError, KeyError, AttributeError, TypeError):
        return None  # not an order in its form: the rules answer the text


def _obey(order: Order, request: Request) -> Action:
    """One call a step; without tools, and after the last call, the text."""
    if not request.offered or not order.calls:
        return Say(order.text)
    if request.model == Player.STUBBORN:
        return order.calls[0]
    steps = sum(1 for message in this_turn(request.messages) if message.get("tool_calls"))
    return order.calls[steps] if steps < len(order.calls) else Say(order.text)


def _serve(request: Request) -> Action:
    """By the flows; a tagged text, and a request without tools, by the plain replies."""
    scene = read_scene(request.messages, request.offered)
    tagged = has_tag("\n".join(unanswered(request.messages)))
    if not scene.refused and (tagged or not request.tools):
        return Say(reply_to(request.messages))
    return next_action(scene)


def _call(described: dict[str, Any]) -> Call:
    if "raw" in described:
        return Call(described["name"], str(described["raw"]))
    return call(described["name"], **described.get("arguments", {}))
