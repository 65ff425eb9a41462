"""Templates of text message webhooks of 2 to 4 KB, built once and filled in for each message.

The format is that of the Uazapi capture ``user-chat__from-others__text.sent``; names and numbers
are invented. All values have a fixed length, so that the content length does not change.
"""

import secrets
import time
from urllib.parse import urlsplit

import orjson

from niochat_sandbox.gateway.content_builders import PhoneAction
from niochat_sandbox.gateway.gateway_instances import SimulatedCustomer, SimulatedInstance
from niochat_sandbox.gateway.webhook_payloads import build_chat, build_customer_message

_PHONE, _LID, _NAME = "5581000000000", "100000000000000@lid", "Cliente 00000000"
_TAG, _ID, _TIME = "#caaaaaaaa-aaaa", "AC" + "0" * 30, 1700000000000
_WORDS = "minha internet está muito lenta desde ontem e o roteador pisca uma luz vermelha "
_LENGTHS = (30, 40, 60, 90, 150, 240, 340, 440)
"""Lengths of the texts, which a webhook holds three times; most messages are short."""
_ALPHABET = str.maketrans("0123456789", "abcdefghij")
_DIGITS = str.maketrans("abcdefghij", "0123456789")
_RUN = secrets.token_hex(4).upper()


class WebhookTemplates:
    """Complete HTTP requests for one webhook URL."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        head = f"POST {parts.path} HTTP/1.1\r\nhost: {parts.netloc}\r\n"
        self._templates = [_build_template(head, token, length) for length in _LENGTHS]
        self._rendered_count = 0

    def render(self, person: int, number: int) -> bytes:
        """Render the request for one message of a customer."""
        self._rendered_count += 1
        return self._templates[self._rendered_count % len(self._templates)] % {
            b"phone": b"55819%08d" % (person % 100_000_000),
            b"lid": b"1%014d" % person,
            b"name": b"Cliente %08d" % (person % 100_000_000),
            b"tag": format_tag(person, number).encode(),
            b"id": f"AC{_RUN}{person:010X}{number:012X}".encode(),
            b"time": b"%013d" % (time.time() * 1000),
        }


def format_tag(person: int, number: int) -> str:
    """The tag that identifies a message in its text and in the answer; its length is fixed.

    The digits are written as letters, because the guardrail rejects a reply with an unknown long
    number.
    """
    return "#c" + f"{person:08d}-{number:04d}".translate(_ALPHABET)


def parse_tag(found: str) -> tuple[int, int]:
    """Parse a tag into customer and message number."""
    person, _, number = found[2:].translate(_DIGITS).partition("-")
    return int(person), int(number)


def _build_template(head: str, token: str, length: int) -> bytes:
    body = orjson.dumps(_build_envelope(token, length))
    head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    request = head.encode() + body
    request = request.replace(b"%", b"%%")
    for known, name in (
        (_PHONE, b"phone"),
        (_LID.partition("@")[0], b"lid"),
        (_NAME, b"name"),
        (_TAG, b"tag"),
        (_ID, b"id"),
        (str(_TIME), b"time"),
    ):
        request = request.replace(known.encode(), b"%%(%b)b" % name)
    return request


def _build_envelope(token: str, length: int) -> dict[str, object]:
    instance = SimulatedInstance(token, "fibra-ficticia", owner="558130009999")
    customer = SimulatedCustomer(_PHONE, _NAME, _LID)
    text = f"{_TAG} {_WORDS * (length // len(_WORDS) + 1)}"[: length + len(_TAG)]
    message = build_customer_message(instance, customer, PhoneAction("text", text))
    real = message["messageid"]
    chat = build_chat(instance, customer, message)
    return {
        "BaseUrl": "https://gateway.test",
        "EventType": "messages",
        "chat": {**chat, "wa_lastMsgTimestamp": _TIME, "phone": f"+{_PHONE}"},
        "chatSource": "updated",
        "instanceName": instance.name,
        "message": {
            **message,
            "messageid": _ID,
            "id": message["id"].replace(real, _ID),
            "messageTimestamp": _TIME,
        },
        "owner": instance.owner,
        "token": token,
    }
