"""The traffic of a run: simulated customers, subscribers with requests, and probes."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from niochat.cli.commands.demo_commands import DEMO_ERP_INSTALLATION
from niochat.cli.customer_simulation import find_tags
from niochat.cli.sandbox_client import SandboxClient
from niochat.domain.errors import NiochatError

UNLOCK_DIALOGUE = ("preciso do desbloqueio em confiança", "{cpf}", "sim")
TICKET_DIALOGUE = ("estou sem internet", "{cpf}", "sim", "sim, está vermelha")
_SCRIPTS = {
    "suspended": UNLOCK_DIALOGUE,
    "reduced": UNLOCK_DIALOGUE,
    "offline_dark": TICKET_DIALOGUE,
    "offline_light": TICKET_DIALOGUE,
}
REPLY_TIMEOUT_S = 40.0
"""Seconds after which a subscriber without a reply continues with the next line."""
PROBE_COUNT = 6
"""The number of probing customers: enough that each host has some of them."""
FIRST_PROBE_NUMBER = 5000


@dataclass(frozen=True, slots=True)
class SubscriberRequest:
    """A subscriber of the simulated ERP whose request must be executed once."""

    phone: str
    lines: tuple[str, ...]


async def list_subscriber_requests(client: SandboxClient) -> list[SubscriberRequest]:
    """List the subscribers whose request is a write, unlocks and tickets alternating."""
    found = await client.call_control("GET", f"/sandbox/sgp/{DEMO_ERP_INSTALLATION}/subscribers")
    by_script = {
        script: [s for s in found["items"] if _SCRIPTS.get(s["case"]) is script]
        for script in (UNLOCK_DIALOGUE, TICKET_DIALOGUE)
    }
    pairs = zip(by_script[UNLOCK_DIALOGUE], by_script[TICKET_DIALOGUE], strict=False)
    return [_build_request(subscriber) for pair in pairs for subscriber in pair]


def _build_request(subscriber: dict[str, Any]) -> SubscriberRequest:
    script = _SCRIPTS[subscriber["case"]]
    lines = tuple(line.format(cpf=subscriber["cpf"]) for line in script)
    return SubscriberRequest(subscriber["phone"], lines)


async def send_request(client: SandboxClient, request: SubscriberRequest) -> None:
    """Send the lines, each after a reply or a timeout."""
    position = 0
    for line in request.lines:
        await client.send_message(request.phone, line)
        position = await _wait_for_reply(client, request.phone, position)


async def _wait_for_reply(client: SandboxClient, phone: str, position: int) -> int:
    deadline = time.monotonic() + REPLY_TIMEOUT_S
    while (left := deadline - time.monotonic()) > 0:
        messages = await client.wait_for_messages(phone, position, min(left, 10.0))
        position = int(messages["next"])
        if any(item["direction"] == "received" for item in messages["items"]):
            break
    return position


class RecoveryProbes:
    """Customers with phones of their own who write once after each fault."""

    def __init__(self, client: SandboxClient, phones: Sequence[str]) -> None:
        self._client = client
        self.phones = list(phones)
        self._round_number = 0

    async def measure_recovery_s(self, within_s: float) -> float | None:
        """Seconds until all probes sent now are answered; ``None``: not within ``within_s``."""
        self._round_number += 1
        began = time.monotonic()
        probes = (self._send_probe(number, within_s) for number in range(len(self.phones)))
        answered = await asyncio.gather(*probes)
        return round(time.monotonic() - began, 1) if all(answered) else None

    async def _send_probe(self, number: int, within_s: float) -> bool:
        tag = f"#c{FIRST_PROBE_NUMBER + number}-{self._round_number}"
        await self._client.send_message(self.phones[number], f"{tag} já voltou?")
        deadline, position = time.monotonic() + within_s, 0
        while (left := deadline - time.monotonic()) > 0:
            try:
                messages = await self._client.wait_for_messages(
                    self.phones[number], position, min(left, 10.0)
                )
            except NiochatError:
                await asyncio.sleep(0.5)
                continue
            position = int(messages["next"])
            texts = [item["text"] for item in messages["items"] if item["direction"] == "received"]
            if any(tag in find_tags(text) for text in texts):
                return True
        return False
