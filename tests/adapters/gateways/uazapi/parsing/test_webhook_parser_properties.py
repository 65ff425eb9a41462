"""Whatever JSON arrives: a meaning that can be stored, or ``InvalidInputError``. Nothing else."""

import copy
import json
from collections.abc import Mapping

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from niochat.adapters.gateways.uazapi.parsing import message_types
from niochat.adapters.gateways.uazapi.parsing.webhook_parser import parse_webhook
from niochat.domain.conversation.commands import (
    ReceiveEcho,
    ReceiveMessage,
    ReceiveProviderPhoneMessage,
)
from niochat.domain.errors import InvalidInputError
from niochat.ports.gateway_events import InboundEvent, ParsedWebhook
from tests.adapters.gateways.uazapi.captured_webhooks import (
    NAMES,
    NOW,
    build_message_body,
    build_receipt_body,
    load_capture,
)


def paths(value: object, here: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(value, Mapping):
        return []
    below = [path for name, part in value.items() for path in paths(part, (*here, name))]
    return [(*here, name) for name in value] + below


TEXTS = st.text(st.characters(), max_size=30) | st.sampled_from(
    ["", "\x00", "\ud800", "1e999", "True", "123456789012345@lid", "558199998888", "x@g.us", "9:A"]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(10**40), max_value=10**40)
    | st.floats()
    | TEXTS
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
EVENTS = st.sampled_from(["messages", "messages_update", "connection", "history", "odd"])
MESSAGE_FIELDS = [name for *_, name in paths(build_message_body()["message"])]
CONTENT_FIELDS = ["text", "caption", "message", "contextInfo", "options", "contacts", "PTT", "key"]
CONTENTS = JSON | st.dictionaries(st.sampled_from(CONTENT_FIELDS), JSON)
KINDS = st.sampled_from(
    [
        *message_types.CONTENT_TYPES,
        *sorted(message_types.WRAPPER_TYPES),
        *message_types.UPDATE_TYPES,
        *message_types.NOTICE_TYPES,
        "HologramMessage",
    ]
)
MESSAGES = st.builds(
    lambda odd, named: named | odd,
    st.dictionaries(st.sampled_from(MESSAGE_FIELDS), JSON, max_size=5),
    st.fixed_dictionaries(
        {
            "messageid": TEXTS | st.just("AC01"),
            "chatid": st.just("5581977776666@s.whatsapp.net"),
            "messageType": KINDS,
            "content": CONTENTS,
        }
    ),
)
ENVELOPES = st.fixed_dictionaries(
    {},
    optional={
        "EventType": EVENTS,
        "event": EVENTS | JSON,
        "message": JSON,
        "chat": JSON,
        "data": JSON,
        "instance": JSON,
        "token": JSON,
        "state": JSON,
        "type": JSON,
    },
)
BODIES = {name: load_capture(name) for name in NAMES} | {"receipt": build_receipt_body()}
QUICK = settings(
    max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@st.composite
def mutated_captures(draw: st.DrawFn) -> dict[str, object]:
    body = copy.deepcopy(BODIES[draw(st.sampled_from(sorted(BODIES)))])
    for _ in range(draw(st.integers(1, 6))):
        *above, last = draw(st.sampled_from(paths(body)))
        part: object = body
        for name in above:
            assert isinstance(part, dict)
            part = part[name]
        assert isinstance(part, dict)
        if draw(st.booleans()):
            part[last] = draw(JSON)
        else:
            del part[last]
        if not body:
            break
    return body


def parsed(body: Mapping[str, object]) -> ParsedWebhook | None:
    try:
        return parse_webhook(body, NOW)
    except InvalidInputError as error:
        assert str(error)  # noqa: PT017 - any outcome is fine, but this one must explain itself
        return None


def assert_storable(found: InboundEvent) -> None:
    # orjson refuses what PostgreSQL refuses: lone surrogates and integers without end.
    stored = orjson.dumps([found.raw, found.command, found.identity])
    assert b"\\u0000" not in stored
    found.dedupe_key.encode()
    assert "\x00" not in found.dedupe_key
    assert len(found.dedupe_key) <= 200
    assert found.identity.lid or found.identity.phone
    for digits in (found.identity.lid, found.identity.phone):
        assert digits is None or (digits.isascii() and digits.isdigit())
    if isinstance(found.command, ReceiveMessage | ReceiveProviderPhoneMessage | ReceiveEcho):
        assert found.command.sent_at.utcoffset() is not None
        assert found.command.sent_at.year > 2000


@QUICK
@given(ENVELOPES | st.dictionaries(TEXTS, JSON, max_size=5))
def test_any_json_object_has_a_meaning_or_is_invalid(body: dict[str, object]) -> None:
    webhook = parsed(body)
    if webhook is not None and isinstance(webhook.event, InboundEvent):
        assert_storable(webhook.event)


@QUICK
@given(MESSAGES)
def test_a_message_with_odd_fields_has_a_meaning(message: dict[str, object]) -> None:
    webhook = parse_webhook({"EventType": "messages", "message": message}, NOW)
    if isinstance(webhook.event, InboundEvent):
        assert_storable(webhook.event)


@QUICK
@given(mutated_captures())
def test_a_damaged_capture_has_a_meaning_or_is_invalid(body: dict[str, object]) -> None:
    webhook = parsed(body)
    if webhook is not None and isinstance(webhook.event, InboundEvent):
        assert_storable(webhook.event)


def shuffled(value: object, draw: st.DrawFn) -> object:
    if not isinstance(value, Mapping):
        return value
    names = draw(st.permutations(sorted(value)))
    return {name: shuffled(value[name], draw) for name in names}


@st.composite
def reordered_captures(draw: st.DrawFn) -> tuple[dict[str, object], dict[str, object]]:
    body = BODIES[draw(st.sampled_from(sorted(BODIES)))]
    other = shuffled(body, draw)
    assert isinstance(other, dict)
    return body, other


@settings(QUICK, max_examples=30)
@given(reordered_captures())
def test_the_order_of_keys_changes_nothing(
    pair: tuple[dict[str, object], dict[str, object]],
) -> None:
    body, other = pair
    assert parse_webhook(body, NOW) == parse_webhook(other, NOW)


@QUICK
@given(
    mutated_captures(), st.text(alphabet="abcdef0123456789", min_size=12, max_size=40), st.data()
)
def test_a_token_is_never_stored(body: dict[str, object], token: str, data: st.DataObject) -> None:
    secret = f"secret-{token}"
    body["token"] = secret
    body["instance"] = {"token": f"inner-{secret}", "name": "x"}
    where = data.draw(st.sampled_from(["note", "BaseUrl", secret]))
    body[where] = {"token": secret, "deep": [f"?token={secret}", {"Token": secret}]}
    webhook = parsed(body)
    if webhook is not None and isinstance(webhook.event, InboundEvent):
        assert secret not in json.dumps(webhook.event.raw)
