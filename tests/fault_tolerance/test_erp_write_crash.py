"""A process dies after a write to the ERP was journalled and before its answer is known.

The simulated SGP does the work and holds its answer back; the process is killed in that moment.
Its ledger must show the write once, and the customer must hear of it once.
"""

import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
import psutil
import pytest
import pytest_asyncio

from niochat.cli.commands.demo_commands import DEMO_ERP_INSTALLATION
from niochat.cli.sandbox_client import SandboxClient
from tests.fault_tolerance.conftest import RunningStackFixture
from tests.wait_until import wait_until

pytestmark = pytest.mark.asyncio

UNLOCK = ("preciso do desbloqueio em confiança", "{cpf}", "sim")
TICKET = ("estou sem internet", "{cpf}", "sim", "sim, está vermelha")
ROUTES = {"unlock": "/api/ura/liberacaopromessa", "ticket": "/api/ura/chamado"}
TOLD = {"unlock": "liberad", "ticket": "chamado"}
CASES = {
    "unlock": ("suspended", "suspended", "suspended", "reduced"),
    "ticket": ("offline_dark", "offline_dark", "offline_dark", "offline_light"),
}


@dataclass
class Provider:
    """The demo provider of the stack, seen from its customers and its ERP."""

    victims: RunningStackFixture
    client: SandboxClient
    database: "asyncpg.Connection[asyncpg.Record]"

    async def subscriber(self, kind: str, number: int) -> dict[str, Any]:
        """Somebody who needs such a write, another one for each number."""
        case = CASES[kind][number]
        before = CASES[kind][:number].count(case)
        found = await self.client.call_control(
            "GET", f"/sandbox/sgp/{DEMO_ERP_INSTALLATION}/subscribers"
        )
        return [each for each in found["items"] if each["case"] == case][before]

    async def ledger(self, kind: str, contract: object) -> list[dict[str, Any]]:
        found = await self.client.call_control(
            "GET", f"/sandbox/sgp/{DEMO_ERP_INSTALLATION}/ledger"
        )
        entries = [each for each in found["items"] if each["kind"] == kind]
        return [each for each in entries if str(each["contract"]) == str(contract)]

    async def heard(self, phone: str) -> list[str]:
        news = await self.client.wait_for_messages(phone, 0, 0)
        return [item["text"] for item in news["items"] if item["direction"] == "received"]

    async def answer(self, phone: str, text: str) -> None:
        """Say it and wait until something comes back."""
        before = len(await self.heard(phone))
        await self.client.send_message(phone, text)
        await wait_until(lambda: self._more(phone, before), 90, what=f"an answer to {text!r}")

    async def _more(self, phone: str, before: int) -> bool:
        return len(await self.heard(phone)) > before

    async def owner(self, phone: str) -> psutil.Process:
        """The host whose actor the person's conversation is."""
        pid = await self.database.fetchval(
            "SELECT h.pid FROM identities i JOIN threads t USING (tenant_id, contact_id)"
            " JOIN shards s ON s.shard = t.shard JOIN hosts h ON h.incarnation = s.host"
            " WHERE i.kind = 'phone' AND i.value = $1",
            phone,
        )
        return psutil.Process(pid)

    async def attempts(self, phone: str) -> int:
        """The highest attempt of any turn of the person."""
        return int(
            await self.database.fetchval(
                "SELECT max(u.attempt) FROM identities i"
                " JOIN threads t USING (tenant_id, contact_id) JOIN turns u ON u.thread_id = t.id"
                " WHERE i.kind = 'phone' AND i.value = $1",
                phone,
            )
        )

    async def hold_answers(self, path: str) -> None:
        fault = {
            "target": "sgp",
            "kind": "hold_after",
            "path": path,
            "token": DEMO_ERP_INSTALLATION,
            "count": 1,
        }
        await self.client.call_control("POST", "/sandbox/faults", fault)

    async def release(self) -> None:
        await self.client.call_control("DELETE", "/sandbox/faults")


@pytest_asyncio.fixture
async def provider(running_stack: RunningStackFixture) -> AsyncIterator[Provider]:
    told = running_stack.told
    client = SandboxClient(told["NIOCHAT_SANDBOX_URL"], told["NIOCHAT_SANDBOX_TOKEN"])
    database = await asyncpg.connect(
        told["DATABASE_URL"], server_settings={"role": "niochat_system"}
    )
    made = Provider(running_stack, client, database)
    try:
        yield made
    finally:
        await made.release()
        await database.close()
        await client.close()


Victim = Callable[[Provider, str], Awaitable[psutil.Process]]


async def the_host(provider: Provider, phone: str) -> psutil.Process:
    return await provider.owner(phone)


async def the_pool(provider: Provider, phone: str) -> psutil.Process:
    return provider.victims.named("ray::PoolActor")[0]


async def the_database(provider: Provider, phone: str) -> psutil.Process:
    return provider.victims.postmaster()


@pytest.mark.parametrize(
    ("kind", "number", "victim"),
    [
        ("unlock", 0, the_host),
        ("ticket", 1, the_pool),
        ("unlock", 2, the_pool),
        ("ticket", 3, the_database),
    ],
    ids=lambda given: getattr(given, "__name__", str(given)),
)
async def test_a_write_whose_answer_died_is_done_once_and_told_once(
    provider: Provider, kind: str, number: int, victim: Victim
) -> None:
    subscriber = await provider.subscriber(kind, number)
    phone, contract = subscriber["phone"], subscriber["contracts"][0]["id"]
    script = {"unlock": UNLOCK, "ticket": TICKET}[kind]
    for text in script[:-1]:
        await provider.answer(phone, text.format(cpf=subscriber["cpf"]))
    heard = len(await provider.heard(phone))
    await provider.hold_answers(ROUTES[kind])

    await provider.client.send_message(phone, script[-1])
    await wait_until(lambda: once(provider, kind, contract), 90, what="the SGP has done it")
    assert len(await provider.heard(phone)) == heard
    process = await victim(provider, phone)
    process.send_signal(signal.SIGKILL)

    if victim is the_database:
        await provider.release()  # the answer comes, and there is nowhere to write it down
    await wait_until(
        lambda: told(provider, phone, heard, TOLD[kind]), 90, what="the customer is told"
    )
    await provider.release()
    if victim in (the_host, the_pool):  # else it is asked again within the same attempt
        assert await provider.attempts(phone) >= 2
    assert len(await provider.ledger(kind, contract)) == 1
    assert len(await provider.heard(phone)) == heard + 1


async def once(provider: Provider, kind: str, contract: object) -> bool:
    return len(await provider.ledger(kind, contract)) == 1


async def told(provider: Provider, phone: str, after: int, word: str) -> bool:
    texts = (await provider.heard(phone))[after:]
    return any(word in text.lower() for text in texts)
