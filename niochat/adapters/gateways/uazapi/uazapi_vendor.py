"""Uazapi's entry in the registry."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from niochat.adapters.gateways.gateway_vendor import GatewayVendor
from niochat.adapters.gateways.uazapi.client import WEBHOOK_EVENTS, UazapiClient
from niochat.adapters.gateways.uazapi.instance_admin import UazapiAdmin
from niochat.adapters.gateways.uazapi.parsing.json_fields import read_object, read_timestamp
from niochat.adapters.gateways.uazapi.parsing.webhook_parser import parse_webhook


def read_stored_time(body: Mapping[str, object], received_at: datetime) -> datetime:
    """When a stored message was sent, in UTC; ``received_at`` if the message does not say."""
    return read_timestamp(received_at, read_object(body.get("message")).get("messageTimestamp"))


UAZAPI = GatewayVendor(
    kind="uazapi",
    display_name="Uazapi",
    open_client=lambda guard: UazapiClient(guard=guard),
    open_admin=lambda guard: UazapiAdmin(guard=guard),
    parse_webhook=parse_webhook,
    read_stored_time=read_stored_time,
    body_has_token=True,
    required_events=frozenset(WEBHOOK_EVENTS),
    echo_filters=frozenset({"wasSentByApi", "fromMeYes"}),
    qr_code_lifetime=timedelta(minutes=2),  # Uazapi reference 2.1
    pairing_code_lifetime=timedelta(minutes=5),
)
