"""Scenarios that run at once order their faults in one list, and do not undo each other's."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from niochat.cli.sandbox_client import SandboxClient
from niochat_lab.evaluation.definitions.scenario_schema import ScenarioFault
from niochat_lab.evaluation.scenario_faults import ScenarioFaultClient

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def client(origin: str) -> AsyncIterator[SandboxClient]:
    made = SandboxClient(origin, "")
    await made.call_control("DELETE", "/sandbox/faults")
    yield made
    await made.call_control("DELETE", "/sandbox/faults")
    await made.close()


def fault(**fields: Any) -> ScenarioFault:
    return ScenarioFault.model_validate({"target": "sgp", "kind": "drop", **fields})


async def ordered(client: SandboxClient) -> list[tuple[str, int | None]]:
    items = (await client.call_control("GET", "/sandbox/faults"))["items"]
    return sorted((item["token"], item["count"]) for item in items)


async def test_what_is_withdrawn_is_ones_own(client: SandboxClient) -> None:
    faults = ScenarioFaultClient(client)
    await faults.inject("sandbox-a", fault())
    await faults.inject("sandbox-b", fault(count=2))

    await faults.withdraw({"sandbox-a"})

    assert await ordered(client) == [("sandbox-b", 2)]


async def test_orders_and_withdrawals_at_once_lose_nothing(client: SandboxClient) -> None:
    faults = ScenarioFaultClient(client)
    old = [f"sandbox-old-{n}" for n in range(10)]
    new = [f"sandbox-new-{n}" for n in range(10)]
    for key in old:
        await faults.inject(key, fault())

    await asyncio.gather(
        *(faults.withdraw({key}) for key in old), *(faults.inject(key, fault()) for key in new)
    )

    assert await ordered(client) == [(key, None) for key in new]


async def test_what_was_hit_is_not_ordered_again(client: SandboxClient) -> None:
    faults = ScenarioFaultClient(client)
    await faults.inject("sandbox-a", fault(kind="status", status=500, count=3))
    await faults.inject("sandbox-b", fault())
    for _ in range(2):
        with pytest.raises(Exception, match="refuses"):
            await client.call_control(
                "POST", "/sgp/api/ura/consultacliente/", {"token": "sandbox-a", "app": "niochat"}
            )

    await faults.withdraw({"sandbox-b"})

    assert await ordered(client) == [("sandbox-a", 1)]
