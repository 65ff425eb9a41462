"""What a contract has: invoices, codes, connection, maintenance, orders."""

from decimal import Decimal

import pytest

from tests.http.rest.conftest import assert_problem
from tests.http.rest.subscribers.erp_desk import ErpDesk

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]


async def test_open_and_paid_invoices_are_listed(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    customer = await desk.customer("three_open")

    told = (await customer.of_contract("invoices", who)).json()

    overdue = [each["overdue_days"] for each in told["open"]]
    assert overdue[2] == 0
    assert overdue[0] > overdue[1] > 0
    assert all(each["has_pix"] and each["has_boleto"] for each in told["open"])
    assert Decimal(told["total_open"]) == sum(Decimal(each["amount"]) for each in told["open"])
    assert told["paid_supported"]
    assert told["paid"][0]["paid_on"]


async def test_the_codes_of_an_invoice_are_read_on_demand(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    customer = await desk.customer("pix_on_demand")
    (invoice,) = (await customer.of_contract("invoices", who)).json()["open"]

    codes = (await customer.of_contract(f"invoices/{invoice['id']}/codes", who)).json()

    assert codes["pix"].startswith("000201")
    assert codes["digit_line"]
    assert_problem(await customer.of_contract("invoices/1/codes", who), 404, "not_found")


async def test_a_viewer_gets_no_codes_and_no_texts(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("viewer")
    customer = await desk.customer("open_ticket")
    (invoice,) = (await customer.of_contract("invoices", who)).json()["open"]
    codes = (await customer.of_contract(f"invoices/{invoice['id']}/codes", who)).json()
    assert codes == {"pix": None, "digit_line": None}
    order = (await customer.of_contract("orders", who)).json()["items"][0]
    assert (order["content"], order["technician"]) == (None, None)


@pytest.mark.parametrize(
    ("case", "state", "blocked", "light"),
    [
        ("active", "online", False, True),
        ("offline_dark", "offline", False, False),
        ("offline_light", "offline", False, True),
        ("suspended", "suspended", True, True),
        ("maintenance", "maintenance", False, True),
    ],
)
async def test_the_connection_is_reported(
    desk: ErpDesk, case: str, state: str, blocked: bool, light: bool
) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    customer = await desk.customer(case)
    told = (await customer.of_contract("connection", who)).json()
    assert (told["supported"], told["state"], told["blocked"]) == (True, state, blocked)
    assert (told["signal"]["rx_dbm"] is not None) == light


async def test_only_maintenance_that_affects_the_contract_is_listed(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    hit, spared = await desk.customer("maintenance"), await desk.customer("active")
    (item,) = (await hit.of_contract("maintenance", who)).json()["items"]
    assert item["message"]
    assert item["until"] is None or item["until"][-6:] == "-03:00"
    assert (await spared.of_contract("maintenance", who)).json()["items"] == []


async def test_orders_are_listed_with_the_visit(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    customer = await desk.customer("visit")
    told = (await customer.of_contract("orders", who)).json()
    assert told["supported"]
    (order,) = [each for each in told["items"] if each["open"]]
    assert order["content"]
    assert order["technician"]
    assert order["scheduled_for"][-6:] == "-03:00"


async def test_a_contract_of_somebody_else_does_not_exist(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    customer, other = await desk.customer("active"), await desk.customer("paid")
    customer.row["contracts"] = other.row["contracts"]
    for what in ("invoices", "invoices/9001/codes", "connection", "maintenance", "orders"):
        assert_problem(await customer.of_contract(what, who), 404, "not_found")


async def test_a_function_that_the_erp_lacks_is_said_to_be_unsupported(desk: ErpDesk) -> None:
    _, who = await desk.api.add_signed_in_user("agent")
    customer = await desk.customer("active")
    await desk.api.house.admin.execute(
        "UPDATE erps SET capabilities = $1, probed_at = now()", ["invoices"]
    )
    desk.pool.directory.invalidate_all()
    assert (await customer.subscribers(who))["capabilities"] == ["invoices"]
    for what in ("connection", "maintenance", "orders"):
        assert (await customer.of_contract(what, who)).json()["supported"] is False
    assert (await customer.of_contract("invoices", who)).json()["paid_supported"] is False
    assert_problem(await customer.post("unlock", who), 409, "erp_missing")
