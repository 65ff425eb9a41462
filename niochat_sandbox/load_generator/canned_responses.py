"""Responses of gateway and model: fixed texts, except for the parts that must differ."""

import itertools
import re
import secrets
from typing import Any

import orjson

from niochat_sandbox.gateway.content_builders import PhoneAction
from niochat_sandbox.gateway.gateway_instances import SimulatedCustomer, SimulatedInstance
from niochat_sandbox.gateway.webhook_payloads import build_provider_message
from niochat_sandbox.scripted_model.fixed_replies import find_unanswered_texts

TAG_PATTERN = re.compile(r"#c[a-j]{8}-[a-j]{4}")
_ID = "3EB0" + "0" * 18
_DEFAULT_TEXT = "Recebi tudo."
_run = secrets.token_hex(3).upper()
_count = itertools.count()


def build_completion(body: bytes) -> bytes:
    """Build the model's response: a sentence with the tags of all messages that it answers."""
    request = orjson.loads(body)
    unanswered = "\n".join(find_unanswered_texts(request["messages"]))
    text = (
        f"Recebi {' '.join(TAG_PATTERN.findall(unanswered))}."
        if "#c" in unanswered
        else _DEFAULT_TEXT
    )
    return orjson.dumps(
        {
            "id": f"chatcmpl-{next(_count)}",
            "object": "chat.completion",
            "created": 1700000000,
            "model": request["model"],
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text},
                    "logprobs": None,
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 900, "completion_tokens": 20, "total_tokens": 920},
        }
    )


def build_send_response() -> bytes:
    """Build the gateway's response to a send."""
    return _SEND_TEMPLATE.replace(_ID.encode(), f"3EB0{_run}{next(_count):012X}".encode())


def build_status_response() -> bytes:
    """Build the response with the instance's state."""
    return b'{"instance":{"status":"connected","owner":"558130009999"},"status":{"connected":true}}'


def _build_send_template() -> bytes:
    instance = SimulatedInstance("token", "fibra-ficticia", owner="558130009999")
    customer = SimulatedCustomer("5581000000000", "Cliente", "100000000000000@lid")
    message: dict[str, Any] = build_provider_message(
        instance, customer, PhoneAction("text", _DEFAULT_TEXT), by_api=True
    )
    real = message["messageid"]
    whole = {**message, "messageid": _ID, "id": message["id"].replace(real, _ID)}
    return orjson.dumps({**whole, "status": "Pending", "response": {"status": "success"}})


_SEND_TEMPLATE = _build_send_template()
