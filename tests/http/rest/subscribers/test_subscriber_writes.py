"""Agents unlock contracts and open orders: each once, whoever clicks how often and what dies."""

import asyncio
from uuid import UUID, uuid5

import httpx
import pytest

from niochat.domain.tenant.erp_write_keys import ticket_key, ticket_reference
from niochat.ports.audit import AuditActor, AuditActorKind
from niochat.ports.erp import AgentErpOrder, IdempotentErpWrite, OpenTicket, TicketCategory, Unlock
from tests.erp.crashing_process import CrashingJob, CrashingProcess, Moment
from tests.erp.sgp_installation_client import OWNER_ROUTE, TICKET_ROUTE, UNLOCK_ROUTE
from tests.http.rest.conftest import assert_problem
from tests.http.rest.subscribers.erp_desk import Body, Customer, ErpDesk
from tests.wait_until import wait_until

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]
ORDER: Body = {"category": "sem_conexao", "text": "Sem luz desde ontem."}


def done(answer: httpx.Response, outcome: str = "done") -> Body:
    assert answer.status_code == (202 if outcome == "uncertain" else 200), answer.text
    body: Body = answer.json()
    assert body["outcome"] == outcome, body
    return body


async def test_an_unlock_is_done_noted_and_audited(desk: ErpDesk) -> None:
    ana, who = await desk.api.add_signed_in_user("agent")
    customer = await desk.customer("suspended")

    told = done(await customer.post("unlock", who))

    (line,) = await desk.sgp.load_ledger()
    assert (told["protocol"], told["until"]) == (line["protocol"], line["until"])
    (note,) = await customer.notes(who)
    assert told["protocol"] in note
    assert customer.contract in note
    assert "agent-own@example.com" in note
    rows = await desk.api.house.admin.fetch(
        "SELECT who, target, after FROM audit WHERE action = 'subscribers.erp_write'"
    )
    (row,) = rows
    assert (row["who"], row["target"]) == (str(ana), f"conversation:{customer.visit.id}")
    assert row["after"]["write"] == told["write_id"]
    assert row["after"]["contract"] == customer.contract


async def test_the_month_has_one_unlock(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    customer = await desk.customer("suspended")
    first = done(await customer.post("unlock", who))
    again = done(await customer.post("unlock", who), "already_done")
    assert again["protocol"] == first["protocol"]
    assert await desk.sgp.count_requests(UNLOCK_ROUTE) == 1
    assert len(await customer.notes(who)) == 1


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("active", "not_blocked"),
        ("suspended_used", "already_used"),
        ("suspended_refused", "erp_refused"),
    ],
)
async def test_a_refusal_says_why(desk: ErpDesk, case: str, code: str) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    customer = await desk.customer(case)
    told = done(await customer.post("unlock", who), "refused")
    assert told["code"] == code
    assert len(told["reason"]) > 5
    assert await desk.sgp.kinds() == []


async def test_what_the_erp_refused_may_be_asked_again(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    customer = await desk.customer("suspended_refused")
    for key in ("click-1", "click-1", "click-2"):
        done(await customer.post("unlock", who, key), "refused")
    assert await desk.sgp.count_requests(UNLOCK_ROUTE) == 2


async def test_an_order_is_opened_for_the_technician(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    customer = await desk.customer("offline_dark")

    told = done(await customer.post("orders", who, **ORDER))

    orders = (await customer.of_contract("orders", who)).json()["items"]
    (opened,) = [each for each in orders if each["number"] == told["protocol"]]
    assert ORDER["text"] in opened["content"]
    assert "agent-own@example.com" in opened["content"]
    assert told["protocol"] in (await customer.notes(who))[0]


@pytest.mark.parametrize("keys", [("one", "one"), ("one", "other"), (None, None)])
async def test_two_clicks_at_once_open_one_order(
    desk: ErpDesk, keys: tuple[str | None, str | None]
) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    customer = await desk.customer("offline_dark")

    answers = await asyncio.gather(*(customer.post("orders", who, key, **ORDER) for key in keys))

    told = [answer.json() for answer in answers]
    assert {each["outcome"] for each in told} <= {"done", "already_done"}, told
    assert len({each["protocol"] for each in told}) == 1
    assert await desk.sgp.kinds() == ["ticket"]
    assert await desk.sgp.count_requests(TICKET_ROUTE) == 1
    assert len(await customer.notes(who)) == 1


async def test_a_second_order_of_the_kind_must_be_asked_for(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    customer = await desk.customer("offline_dark")
    first = done(await customer.post("orders", who, **ORDER))
    same = done(await customer.post("orders", who, **ORDER), "already_done")
    assert same["protocol"] == first["protocol"]

    more = {**ORDER, "in_addition_to": first["protocol"]}
    second = done(await customer.post("orders", who, **more))
    again = done(await customer.post("orders", who, **more), "already_done")

    assert second["protocol"] == again["protocol"] != first["protocol"]
    assert await desk.sgp.kinds() == ["ticket"] * 2
    unknown = await customer.post("orders", who, **{**ORDER, "in_addition_to": "77"})
    assert_problem(unknown, 409, "unknown_order")


async def test_an_open_order_of_the_erp_is_not_opened_again(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    customer = await desk.customer("open_ticket")
    told = done(await customer.post("orders", who, **ORDER), "already_done")
    assert told["protocol"]
    assert await desk.sgp.kinds() == []


async def test_a_lost_answer_is_uncertain_until_the_erp_shows_the_order(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    customer = await desk.customer("offline_dark")
    done(await customer.post("unlock", who), "refused")  # so that the ERP was probed
    await desk.sgp.inject_fault("lost_answer", TICKET_ROUTE)
    await desk.sgp.inject_fault("status", "/api/ura/ocorrencia/list/", status=404)
    await desk.api.house.admin.execute(
        "UPDATE erps SET capabilities = $1, probed_at = now()", ["open_ticket"]
    )
    desk.pool.directory.invalidate_all()

    told = done(await customer.post("orders", who, **ORDER), "uncertain")
    path = f"/conversations/{customer.visit.id}/erp-writes/{told['write_id']}"
    assert done(await desk.get(path, who), "uncertain")["protocol"] is None
    await desk.sgp.clear_faults()
    settled = done(await desk.get(path, who))

    (line,) = await desk.sgp.load_ledger()
    assert settled["protocol"] == line["protocol"]
    assert [("conferindo" in each) for each in await customer.notes(who)] == [True, False]
    assert await desk.sgp.count_requests(TICKET_ROUTE) == 1


async def test_an_erp_that_is_down_has_done_nothing(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    customer = await desk.customer("suspended")
    await desk.sgp.inject_fault("status", OWNER_ROUTE, status=500)
    answer = await customer.post("unlock", who)
    assert answer.status_code == 503, answer.text
    await desk.sgp.clear_faults()
    done(await customer.post("unlock", who))
    assert await desk.sgp.count_requests(UNLOCK_ROUTE) == 1


async def test_a_viewer_and_a_resolved_conversation_write_nothing(desk: ErpDesk) -> None:
    _, viewer = await desk.api.add_signed_in_user("viewer")
    _, who = await desk.api.add_signed_in_user("agent")
    customer = await desk.customer("suspended")
    assert_problem(await customer.post("unlock", viewer), 403, "forbidden")
    for act in ("assign", "resolve"):
        path = f"/conversations/{customer.visit.id}/{act}"
        assert (await desk.api.http.post(path, json={}, headers=who)).status_code == 200
    assert_problem(await customer.post("unlock", who), 409, "resolved")
    assert_problem(await customer.post("orders", who, **ORDER), 409, "resolved")
    assert await desk.sgp.kinds() == []


async def test_a_contract_of_somebody_else_is_neither_unlocked_nor_known(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    customer, other = await desk.customer("active"), await desk.customer("suspended")
    customer.row["contracts"] = other.row["contracts"]
    assert_problem(await customer.post("unlock", who), 404, "not_found")
    assert_problem(await customer.post("orders", who, **ORDER), 404, "not_found")
    told = done(await other.post("unlock", who))
    path = f"/conversations/{customer.visit.id}/erp-writes/{told['write_id']}"
    assert_problem(await desk.get(path, who), 404, "not_found")


async def test_the_assistants_unlock_is_not_repeated_by_an_agent(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    customer = await desk.customer("suspended")
    turn = desk.api.host.turn(customer.visit.thread).id
    now = await desk.api.services.subscribers.reader.local_now(desk.tenant)
    key = f"unlock:{customer.contract}:{now:%Y-%m}"
    order = IdempotentErpWrite(key, turn, 1, Unlock(customer.contract, "x"))
    first = await desk.pool.writes.write(desk.tenant, order)

    told = done(await customer.post("unlock", who), "already_done")

    assert told["protocol"] == first.protocol
    assert await desk.sgp.count_requests(UNLOCK_ROUTE) == 1


@pytest.mark.parametrize("moment", ["journalled", "settling"])
async def test_the_pool_dies_in_the_middle_and_the_same_request_ends_it(
    desk: ErpDesk, moment: Moment, database_url: str
) -> None:
    ana, who = await desk.api.add_signed_in_user("agent")
    customer = await desk.customer("offline_dark")
    order = agent_order(customer, ana, "click-1")
    child = CrashingProcess(CrashingJob(moment, database_url, desk.tenant, order, bytes(32)))
    try:
        await child.wait_until_dead()
    finally:
        child.end()

    told = done(await customer.post("orders", who, "click-1", **ORDER))

    (line,) = await desk.sgp.load_ledger()
    assert told["protocol"] == line["protocol"]
    assert await desk.sgp.count_requests(TICKET_ROUTE) == 1
    assert len(await customer.notes(who)) == 1


def agent_order(customer: Customer, agent: UUID, key: str) -> IdempotentErpWrite:
    """What the API gives to the pool for an agent's request with this idempotency key."""
    visit, category = customer.visit.id, TicketCategory.NO_CONNECTION
    contract, reference = customer.contract, ticket_reference(category, visit)
    request = OpenTicket(contract, category, ORDER["text"], "Maria", "", reference)
    actor = AuditActor(AuditActorKind.USER, str(agent))
    order = AgentErpOrder(uuid5(visit, f"{agent}:{key}"), visit, actor)
    return IdempotentErpWrite(ticket_key(contract, category, visit), None, 0, request, order)


async def test_who_stops_waiting_finds_the_outcome_later(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    customer = await desk.customer("suspended")
    desk.set_write_wait(0.2)
    await desk.sgp.inject_fault("hold_after", UNLOCK_ROUTE)

    told = done(await customer.post("unlock", who), "uncertain")
    await desk.sgp.clear_faults()

    path = f"/conversations/{customer.visit.id}/erp-writes/{told['write_id']}"

    async def is_done() -> bool:
        answer = await desk.get(path, who)
        return bool(answer.json()["outcome"] == "done")

    await wait_until(is_done)
    assert await desk.sgp.kinds() == ["unlock"]
    assert len(await customer.notes(who)) == 2
