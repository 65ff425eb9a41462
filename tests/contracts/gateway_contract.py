"""What every gateway adapter must do, whatever its vendor's dialect.

A vendor passes by a harness that says, in its dialect, what the server answers and what its
webhooks look like. The server is a real one on the loopback interface.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import pytest

from niochat.adapters.gateways.gateway_vendor import GatewayVendor
from niochat.domain.conversation import commands as cmd
from niochat.domain.errors import InvalidInputError, UnavailableError
from niochat.domain.message import DeliveryStatus
from niochat.ports.gateway import (
    GatewayCredentials,
    GatewaySendResult,
    OutboundMessage,
    WhatsAppGateway,
)
from niochat.ports.gateway_events import ChannelConnectionChanged, IgnoredEvent, InboundEvent
from tests.adapters.gateways.uazapi.scripted_gateway import (
    ScriptedGateway,
    closed_port_credentials,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PHONE = "5581977776666"
HUGE = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b" " * 40_000_000
Body = Mapping[str, object]


class GatewayHarness(Protocol):
    """One vendor's dialect: JSON bodies of responses and of webhooks from or about ``PHONE``."""

    vendor: GatewayVendor

    def sent(self, external_id: str) -> Body:
        """The response to a send that succeeded."""
        ...

    def lookup(self, *messages: tuple[str, str]) -> Body:
        """The response to a lookup: (external id, track id) of the messages found."""
        ...

    def file(self, data: bytes, mimetype: str) -> Body:
        """The response with a file."""
        ...

    def stored(self, *messages: Body) -> Body:
        """The response with the stored messages whose webhooks these were."""
        ...

    def status(self, status: str) -> Body:
        """The response with the state of the instance, in our word."""
        ...

    def message(self, external_id: str, text: str, sent_at: datetime) -> Body: ...
    def echo(self, external_id: str, track_id: str) -> Body: ...
    def receipt(self, target: str, status: DeliveryStatus) -> Body: ...
    def edit(self, target: str, text: str) -> Body: ...
    def deletion(self, target: str) -> Body: ...
    def reaction(self, target: str, emoji: str) -> Body: ...
    def connection(self, status: str) -> Body: ...
    def unknown(self) -> Body: ...


async def send(
    client: WhatsAppGateway, credentials: GatewayCredentials, timeout_s: float = 5
) -> GatewaySendResult:
    return await client.send(credentials, PHONE, OutboundMessage("Oi"), "track-1", timeout_s)


class GatewaySendContract:
    """Sends: only what certainly did not leave may be repeated, and the adapter repeats nothing."""

    async def test_a_send_that_succeeds_has_the_gateways_id(
        self, harness: GatewayHarness, server: ScriptedGateway, client: WhatsAppGateway
    ) -> None:
        server.set_response(200, harness.sent("3EB0A"))
        assert await send(client, server.line) == GatewaySendResult(cmd.SendStatus.SENT, "3EB0A")
        assert "Oi" in str(server.requests[0].body)
        assert "track-1" in str(server.requests[0].body)

    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            (400, cmd.SendStatus.FAILED),
            (404, cmd.SendStatus.FAILED),
            (413, cmd.SendStatus.FAILED),
            (401, cmd.SendStatus.RETRY),
            (429, cmd.SendStatus.RETRY),
            (503, cmd.SendStatus.RETRY),
            (500, cmd.SendStatus.UNCERTAIN),
            (502, cmd.SendStatus.UNCERTAIN),
            (302, cmd.SendStatus.UNCERTAIN),
        ],
    )
    async def test_a_status_has_one_outcome_and_is_not_repeated(
        self,
        server: ScriptedGateway,
        client: WhatsAppGateway,
        status: int,
        expected: cmd.SendStatus,
    ) -> None:
        server.set_response(status, {"error": "x"}, Location="/elsewhere")
        found = await send(client, server.line)
        assert found.result is expected
        assert found.code
        assert found.external_id is None
        assert len(server.requests) == 1

    async def test_a_refused_token_holds_the_whole_channel(
        self, server: ScriptedGateway, client: WhatsAppGateway
    ) -> None:
        server.set_response(401, {})
        assert (await send(client, server.line)).hold_reason == "unauthorized"

    @pytest.mark.parametrize("body", ["<html>", "", "[]", "7", "null"])
    async def test_a_success_that_cannot_be_read_is_uncertain(
        self, server: ScriptedGateway, client: WhatsAppGateway, body: str
    ) -> None:
        server.set_response(200, body)
        assert (await send(client, server.line)).result is cmd.SendStatus.UNCERTAIN

    async def test_a_huge_response_is_not_read_to_its_end(
        self, server: ScriptedGateway, client: WhatsAppGateway
    ) -> None:
        server.answer = HUGE
        assert (await send(client, server.line)).result is cmd.SendStatus.UNCERTAIN

    async def test_a_response_that_does_not_come_is_uncertain(
        self, server: ScriptedGateway, client: WhatsAppGateway
    ) -> None:
        server.hangs = True
        found = await send(client, server.line, timeout_s=0.3)
        assert found.result is cmd.SendStatus.UNCERTAIN
        assert len(server.requests) == 1

    @pytest.mark.parametrize(
        "answer", [b"", b"SSH-2.0\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"]
    )
    async def test_a_connection_that_breaks_is_uncertain_and_not_repeated(
        self, server: ScriptedGateway, client: WhatsAppGateway, answer: bytes
    ) -> None:
        server.answer, server.resets = answer, True
        assert (await send(client, server.line)).result is cmd.SendStatus.UNCERTAIN
        assert len(server.requests) == 1

    async def test_a_refused_connection_is_retried_later(self, client: WhatsAppGateway) -> None:
        assert (await send(client, closed_port_credentials())).result is cmd.SendStatus.RETRY


class GatewayLookupContract:
    """Everything but sends: no proper response is ``UnavailableError``."""

    async def test_a_send_is_found_by_its_track_id(
        self, harness: GatewayHarness, server: ScriptedGateway, client: WhatsAppGateway
    ) -> None:
        server.set_response(200, harness.lookup(("3EB0A", "track-1")))
        assert await client.find_by_track_id(server.line, "track-1") == "3EB0A"

    async def test_a_send_that_was_not_made_is_certainly_not_found(
        self, harness: GatewayHarness, server: ScriptedGateway, client: WhatsAppGateway
    ) -> None:
        server.set_response(200, harness.lookup())
        assert await client.find_by_track_id(server.line, "track-1") is None

    async def test_a_lookup_that_finds_other_messages_proves_nothing(
        self, harness: GatewayHarness, server: ScriptedGateway, client: WhatsAppGateway
    ) -> None:
        server.set_response(200, harness.lookup(("3EB0A", "track-2")))
        with pytest.raises(UnavailableError):
            await client.find_by_track_id(server.line, "track-1")

    @pytest.mark.parametrize(
        ("status", "body"),
        [(200, "<html>"), (200, "[]"), (404, {}), (429, {}), (500, {}), (302, "")],
    )
    async def test_a_lookup_without_a_proper_response_is_unavailable(
        self, server: ScriptedGateway, client: WhatsAppGateway, status: int, body: object
    ) -> None:
        server.set_response(status, body)
        for call in (
            client.find_by_track_id(server.line, "track-1"),
            client.list_messages(server.line, 10, 0),
            client.fetch_status(server.line),
        ):
            with pytest.raises(UnavailableError):
                await call

    async def test_a_huge_response_to_a_lookup_is_unavailable(
        self, server: ScriptedGateway, client: WhatsAppGateway
    ) -> None:
        server.answer = HUGE
        with pytest.raises(UnavailableError):
            await client.find_by_track_id(server.line, "track-1")

    async def test_a_refused_token_is_named(
        self, server: ScriptedGateway, client: WhatsAppGateway
    ) -> None:
        server.set_response(401, {})
        with pytest.raises(UnavailableError) as refused:
            await client.fetch_status(server.line)
        assert refused.value.code == "unauthorized"

    async def test_a_gateway_that_is_away_is_unavailable(self, client: WhatsAppGateway) -> None:
        credentials = closed_port_credentials()
        for call in (
            client.find_by_track_id(credentials, "track-1"),
            client.fetch_file(credentials, "A", 1000),
            client.fetch_status(credentials),
            client.set_webhook(credentials, "https://niochat.example/hook"),
        ):
            with pytest.raises(UnavailableError):
                await call

    async def test_a_file_is_fetched(
        self, harness: GatewayHarness, server: ScriptedGateway, client: WhatsAppGateway
    ) -> None:
        server.set_response(200, harness.file(b"\x89PNG...", "image/png"))
        found = await client.fetch_file(server.line, "A", 1000)
        assert found is not None
        assert (found.data, found.mimetype) == (b"\x89PNG...", "image/png")

    async def test_a_file_that_is_gone_is_none(
        self, server: ScriptedGateway, client: WhatsAppGateway
    ) -> None:
        server.set_response(404, {})
        assert await client.fetch_file(server.line, "A", 1000) is None

    async def test_a_file_that_is_too_large_is_refused(
        self, harness: GatewayHarness, server: ScriptedGateway, client: WhatsAppGateway
    ) -> None:
        server.set_response(200, harness.file(bytes(500_000), "image/png"))
        with pytest.raises((InvalidInputError, UnavailableError)) as refused:
            await client.fetch_file(server.line, "A", 1000)
        assert refused.value.code == "too_large"

    @pytest.mark.parametrize("status", ["connected", "connecting", "disconnected"])
    async def test_a_status_comes_in_our_words(
        self, harness: GatewayHarness, server: ScriptedGateway, client: WhatsAppGateway, status: str
    ) -> None:
        server.set_response(200, harness.status(status))
        assert (await client.fetch_status(server.line)).status == status

    async def test_a_stored_message_parses_as_its_webhook_did(
        self, harness: GatewayHarness, server: ScriptedGateway, client: WhatsAppGateway
    ) -> None:
        webhook = harness.message("A1", "bom dia", NOW)
        server.set_response(200, harness.stored(webhook))
        (listed,) = await client.list_messages(server.line, 10, 0)
        again = harness.vendor.parse_webhook(listed, NOW).event
        first = harness.vendor.parse_webhook(webhook, NOW).event
        assert isinstance(again, InboundEvent)
        assert isinstance(first, InboundEvent)
        assert replace(again, raw={}) == replace(first, raw={})
        assert harness.vendor.read_stored_time(listed, NOW + timedelta(hours=1)) == NOW


class GatewayParsingContract:
    """Webhooks: every JSON object has a meaning, at worst that it is ignored, with a reason."""

    def test_a_message_is_of_its_sender(self, harness: GatewayHarness) -> None:
        found = parse(harness, harness.message("A1", "bom dia", NOW))
        assert isinstance(found.command, cmd.ReceiveMessage)
        assert (found.command.external_id, found.command.content.text) == ("A1", "bom dia")
        assert found.command.sent_at == NOW
        assert found.identity.phone == PHONE
        assert found.creates_contact

    def test_an_echo_names_our_send(self, harness: GatewayHarness) -> None:
        found = parse(harness, harness.echo("A2", "track-1"))
        assert isinstance(found.command, cmd.ReceiveEcho)
        assert (found.command.external_id, found.command.track_id) == ("A2", "track-1")

    @pytest.mark.parametrize("status", [DeliveryStatus.DELIVERED, DeliveryStatus.READ])
    def test_a_receipt_makes_no_contact(
        self, harness: GatewayHarness, status: DeliveryStatus
    ) -> None:
        found = parse(harness, harness.receipt("A2", status))
        assert found.command == cmd.ReceiveDeliveryReceipt(("A2",), status)
        assert not found.creates_contact

    def test_an_edit_names_its_target(self, harness: GatewayHarness) -> None:
        command = parse(harness, harness.edit("A1", "boa tarde")).command
        assert isinstance(command, cmd.ReceiveEdit)
        assert (command.target, command.text) == ("A1", "boa tarde")

    def test_a_deletion_names_its_target(self, harness: GatewayHarness) -> None:
        found = parse(harness, harness.deletion("A1"))
        assert found.command == cmd.ReceiveDeletion(("A1",))
        assert not found.creates_contact

    def test_a_reaction_names_its_target(self, harness: GatewayHarness) -> None:
        command = parse(harness, harness.reaction("A2", "👍")).command
        assert isinstance(command, cmd.ReceiveReaction)
        assert (command.target, command.emoji, command.from_provider) == ("A2", "👍", False)

    @pytest.mark.parametrize("status", ["connected", "connecting", "disconnected"])
    def test_a_connection_event_comes_in_our_words(
        self, harness: GatewayHarness, status: str
    ) -> None:
        event = harness.vendor.parse_webhook(harness.connection(status), NOW).event
        assert isinstance(event, ChannelConnectionChanged)
        assert event.status == status

    def test_an_unknown_event_is_ignored_with_a_reason(self, harness: GatewayHarness) -> None:
        event = harness.vendor.parse_webhook(harness.unknown(), NOW).event
        assert isinstance(event, IgnoredEvent)
        assert event.reason

    def test_a_body_that_names_no_event_is_refused(self, harness: GatewayHarness) -> None:
        with pytest.raises(InvalidInputError):
            harness.vendor.parse_webhook({"nothing": 1}, NOW)

    def test_the_same_event_has_the_same_key_and_others_have_others(
        self, harness: GatewayHarness
    ) -> None:
        bodies = [
            harness.message("A1", "oi", NOW),
            harness.message("A2", "oi", NOW),
            harness.echo("A3", "track-1"),
            harness.receipt("A2", DeliveryStatus.DELIVERED),
            harness.receipt("A2", DeliveryStatus.READ),
            harness.deletion("A1"),
        ]
        keys = [parse(harness, body).dedupe_key for body in bodies]
        assert len(set(keys)) == len(bodies)
        assert [parse(harness, body).dedupe_key for body in bodies] == keys


def parse(harness: GatewayHarness, body: Body) -> InboundEvent:
    event = harness.vendor.parse_webhook(body, NOW).event
    assert isinstance(event, InboundEvent)
    return event
