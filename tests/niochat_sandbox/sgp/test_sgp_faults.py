"""Every ordered fault of the ERP does what it says, and its work is done once or not at all."""

import asyncio

import httpx
import pytest

from tests.niochat_sandbox.conftest import SandboxFixture
from tests.niochat_sandbox.sgp.sgp_client import SgpClientFixture
from tests.wait_until import wait_until

pytestmark = pytest.mark.asyncio

BROKEN = (httpx.RemoteProtocolError, httpx.ReadError)


@pytest.fixture
def erp(sandbox: SandboxFixture) -> SgpClientFixture:
    return SgpClientFixture(sandbox)


async def left_alone(erp: SgpClientFixture) -> None:
    """A ticket whose client goes away once the fault has met it."""
    asking = asyncio.create_task(erp.open_ticket())
    await erp.fault_hit()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def until_done(erp: SgpClientFixture) -> list[str]:
    return await wait_until(erp.list_entry_types)


@pytest.mark.parametrize("status", [404, 500, 502, 503, 504])
async def test_a_broken_server_answers_html(erp: SgpClientFixture, status: int) -> None:
    await erp.fault("status", status=status)
    reply = await erp.open_ticket()
    assert reply.status_code == status
    assert reply.headers["content-type"].startswith("text/html")
    assert await erp.ledger() == []


@pytest.mark.parametrize("status", [401, 403, 429])
async def test_a_refusal_answers_a_detail(erp: SgpClientFixture, status: int) -> None:
    await erp.fault("status", status=status, retry_after=7)
    reply = await erp.open_ticket()
    assert (reply.status_code, set(reply.json())) == (status, {"detail"})
    assert reply.headers["retry-after"] == "7"
    assert await erp.ledger() == []


async def test_a_page_instead_of_the_work(erp: SgpClientFixture) -> None:
    await erp.fault("html")
    reply = await erp.open_ticket()
    assert (reply.status_code, reply.text[:15]) == (200, "<!doctype html>")
    assert reply.headers["content-type"].startswith("text/html")
    assert await erp.ledger() == []


async def test_answers_that_say_nothing_after_the_work(erp: SgpClientFixture) -> None:
    for kind in ("malformed", "empty", "cut"):
        await erp.fault(kind, count=1)
    with pytest.raises(ValueError, match="line 1"):
        (await erp.open_ticket()).json()
    assert (await erp.open_ticket()).json() == {}
    with pytest.raises(BROKEN):
        await erp.open_ticket()
    assert await erp.list_entry_types() == ["ticket"] * 3


async def test_a_lost_answer_has_opened_the_ticket(erp: SgpClientFixture) -> None:
    await erp.fault("lost_answer", path="/api/ura/chamado", count=1)
    with pytest.raises(BROKEN):
        await erp.open_ticket()
    assert await erp.list_entry_types() == ["ticket"]


@pytest.mark.parametrize("kind", ["drop", "hang"])
async def test_a_drop_or_a_hang_does_nothing(erp: SgpClientFixture, kind: str) -> None:
    await erp.fault(kind, seconds=0.01, path="/sgp/api/ura/chamado/")
    with pytest.raises(BROKEN):
        await erp.open_ticket()
    assert await erp.ledger() == []


async def test_a_delay_only_takes_time(erp: SgpClientFixture) -> None:
    await erp.fault("delay", seconds=0.01)
    assert (await erp.open_ticket()).json()["status"] == 1


async def test_what_is_held_is_done_when_the_order_is_withdrawn(erp: SgpClientFixture) -> None:
    await erp.fault("hold")
    async with asyncio.TaskGroup() as group:
        held = group.create_task(erp.open_ticket())
        await erp.fault_hit()
        assert await erp.ledger() == []
        await erp.sandbox.control("DELETE", "/faults")
    assert held.result().json()["status"] == 1
    assert await erp.list_entry_types() == ["ticket"]


async def test_what_is_held_is_done_once_though_its_client_has_gone(erp: SgpClientFixture) -> None:
    await erp.fault("hold")
    await left_alone(erp)
    assert await erp.ledger() == []
    await erp.sandbox.control("DELETE", "/faults")
    assert await until_done(erp) == ["ticket"]
    assert (await erp.open_ticket()).json()["status"] == 1
    assert await erp.list_entry_types() == ["ticket", "ticket"]


async def test_a_held_answer_comes_after_the_work_when_the_order_is_withdrawn(
    erp: SgpClientFixture,
) -> None:
    await erp.fault("hold_after")
    async with asyncio.TaskGroup() as group:
        held = group.create_task(erp.open_ticket())
        await erp.fault_hit()
        assert await until_done(erp) == ["ticket"]
        assert not held.done()
        await erp.sandbox.control("DELETE", "/faults")
    [line] = await erp.ledger()
    assert held.result().json()["protocolo"] == line["protocol"]


async def test_a_held_answer_nobody_waits_for_is_no_second_deed(erp: SgpClientFixture) -> None:
    await erp.fault("hold_after")
    await left_alone(erp)
    assert await until_done(erp) == ["ticket"]
    await erp.sandbox.control("DELETE", "/faults")
    assert (await erp.open_ticket()).json()["status"] == 1
    assert await erp.list_entry_types() == ["ticket", "ticket"]


@pytest.mark.parametrize("way", ["data", "json", "params"])
async def test_a_fault_meets_only_its_token_wherever_that_stands(
    erp: SgpClientFixture, way: str
) -> None:
    await erp.fault("status", status=500)
    path = "/sgp/api/ura/consultacliente/"
    mine, theirs = (
        erp.signed({"contrato": "5501"}),
        SgpClientFixture(erp.sandbox).signed({"contrato": "5501"}),
    )
    ask = erp.sandbox.http.post
    assert (await ask(path, **{way: mine})).status_code == 500  # type: ignore[arg-type]
    assert (await ask(path, **{way: theirs})).json()["contratos"]  # type: ignore[arg-type]


async def test_an_unreadable_body_belongs_to_no_token(erp: SgpClientFixture) -> None:
    await erp.fault("status", status=500)
    headers = {"content-type": "application/json"}
    path = "/sgp/api/ura/chamado/"
    reply = await erp.sandbox.http.post(path, content=b"{", headers=headers)
    assert reply.status_code == 400


async def test_a_huge_body_passes_the_gate_whole(erp: SgpClientFixture) -> None:
    await erp.fault("status", status=500)
    text = "x" * 300_000
    assert (await erp.open_ticket(conteudo=text)).json()["status"] == 1
    assert [len(line["content"]) for line in await erp.ledger()] == [300_000]


async def test_a_fault_may_be_for_the_papers(erp: SgpClientFixture) -> None:
    await erp.sandbox.fault(target="sgp", kind="html", path="/boleto")
    assert (await erp.get("/boleto/9001.pdf")).text.startswith("<!doctype")
    assert (await erp.open_ticket()).json()["status"] == 1


async def test_the_erp_is_not_met_by_the_faults_of_others(erp: SgpClientFixture) -> None:
    await erp.sandbox.fault(target="gateway", kind="drop")
    await erp.sandbox.fault(target="model", kind="drop")
    assert (await erp.open_ticket()).json()["status"] == 1


@pytest.mark.parametrize("kind", ["html", "hold_after"])
async def test_webhooks_know_neither_pages_nor_late_answers(
    sandbox: SandboxFixture, kind: str
) -> None:
    order = {"target": "webhook", "kind": kind}
    assert (await sandbox.http.post("/sandbox/faults", json=order)).status_code == 400


async def test_the_gateway_may_answer_a_page_too(sandbox: SandboxFixture) -> None:
    await sandbox.fault(target="gateway", kind="html", token=sandbox.token)
    reply = await sandbox.gateway("/send/text", {"number": "5581988887777", "text": "Olá"})
    assert reply.headers["content-type"].startswith("text/html")
    assert await sandbox.phone("5581988887777") == []
