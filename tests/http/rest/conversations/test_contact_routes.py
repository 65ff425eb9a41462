"""Contacts over the API: found, looked at, changed, and what the log says of it."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from niochat.domain.tax_id import format_masked_tax_id, format_tax_id
from niochat.ports.encryption import TAX_ID_PURPOSE
from niochat.vault.vault import Vault
from tests.builders import RowBuilder
from tests.http.rest.conftest import RestApiFixture, assert_problem

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]

CPF, CNPJ = "52998224725", "11222333000181"


async def person(
    rest_api: RestApiFixture, name: str | None, phone: str = "", tenant: UUID | None = None
) -> str:
    """A contact; its id."""
    owner = tenant or rest_api.house.tenant
    contact = await rest_api.house.admin.fetchval(
        "INSERT INTO contacts (tenant_id, name) VALUES ($1, $2) RETURNING id", owner, name
    )
    if phone:
        await rest_api.house.admin.execute(
            "INSERT INTO identities VALUES ($1, 'phone', $2, $3)", owner, phone, contact
        )
    return str(contact)


async def listed(rest_api: RestApiFixture, who: dict[str, str], **params: Any) -> list[Any]:
    """Names of all pages."""
    names, cursor = [], None
    while True:
        wanted = params | ({"cursor": cursor} if cursor else {})
        told = await rest_api.http.get("/contacts", params=wanted, headers=who)
        assert told.status_code == 200, told.text
        names += [each["name"] for each in told.json()["items"]]
        cursor = told.json()["next_cursor"]
        if cursor is None:
            return names


async def changed(
    rest_api: RestApiFixture, who: dict[str, str], contact: str, **body: object
) -> dict[str, Any]:
    told = await rest_api.http.patch(f"/contacts/{contact}", json=body, headers=who)
    assert told.status_code == 200, told.text
    answer: dict[str, Any] = told.json()
    return answer


async def test_contacts_are_listed_by_name_and_found_by_how_it_begins(
    rest_api: RestApiFixture,
) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    for name in ("Érica Lima", "ana souza", "Ana Paula", "Anselmo", None, "João", "Joao Pedro"):
        await person(rest_api, name)
    foreign = await rest_api.given.tenant()
    await person(rest_api, "Ana deles", tenant=foreign)
    everybody = [None, "Ana Paula", "ana souza", "Anselmo", "Érica Lima", "João", "Joao Pedro"]
    assert await listed(rest_api, who) == everybody
    assert await listed(rest_api, who, limit=2) == everybody
    assert await listed(rest_api, who, name="ANA ") == ["Ana Paula", "ana souza"]
    assert await listed(rest_api, who, name="ana p") == ["Ana Paula"]
    assert await listed(rest_api, who, name="erica", limit=1) == ["Érica Lima"]
    assert await listed(rest_api, who, name="joão", limit=1) == ["João", "Joao Pedro"]
    assert await listed(rest_api, who, name="lima") == []


async def test_a_page_does_not_begin_elsewhere_because_a_contact_has_another_name(
    rest_api: RestApiFixture,
) -> None:
    _, who = await rest_api.add_signed_in_user("admin")
    ids = [await person(rest_api, name) for name in ("Ana", "Bia", "Caio", "Davi")]
    first = (await rest_api.http.get("/contacts", params={"limit": 2}, headers=who)).json()
    cursor = {"limit": 2, "cursor": first["next_cursor"]}
    told = (await rest_api.http.get("/contacts", params=cursor, headers=who)).json()
    assert [each["name"] for each in told["items"]] == ["Caio", "Davi"]

    await changed(rest_api, who, ids[1], name="Zeca")  # the one that the page ended with
    assert_problem(
        await rest_api.http.get("/contacts", params=cursor, headers=who), 400, "cursor_moved"
    )
    assert await listed(rest_api, who, limit=2) == ["Ana", "Caio", "Davi", "Zeca"]


async def holders(rest_api: RestApiFixture, who: dict[str, str], document: str) -> list[str]:
    """Names of whoever has the document; it stands in no address."""
    told = await rest_api.http.post("/contacts/lookup", json={"document": document}, headers=who)
    assert told.status_code == 200, told.text
    return [each["name"] for each in told.json()["items"]]


@pytest.mark.parametrize("document", ["52998224724", "onze dígitos", "12345678901234567"])
async def test_a_document_that_is_none_is_not_looked_up_nor_repeated(
    rest_api: RestApiFixture, document: str
) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    answer = await rest_api.http.post("/contacts/lookup", json={"document": document}, headers=who)
    assert document not in str(assert_problem(answer, 400, "bad_document"))


async def test_a_telephone_finds_with_and_without_the_country(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    await person(rest_api, "Ana", "5511987654321")
    await person(rest_api, "Rui", "5511987650000")
    await person(rest_api, "Eva", "5521900000000")
    assert await listed(rest_api, who, phone="11 98765") == ["Rui", "Ana"]
    assert await listed(rest_api, who, phone="+55 (11) 98765-4321") == ["Ana"]
    assert await listed(rest_api, who, phone="5511", limit=1) == ["Rui", "Ana"]
    assert await listed(rest_api, who, phone="2190") == ["Eva"]


async def test_a_document_is_sealed_found_by_its_blind_index_and_shown_as_far_as_one_may(
    rest_api: RestApiFixture,
) -> None:
    _, agent = await rest_api.add_signed_in_user("agent")
    _, viewer = await rest_api.add_signed_in_user("viewer")
    ana, other = await person(rest_api, "Ana"), await person(rest_api, "Rui")
    told = await changed(rest_api, agent, ana, document="529.982.247-25")
    assert (told["document"], told["has_document"]) == ("529.982.247-25", True)
    await changed(rest_api, agent, other, document=CNPJ)
    for document in (CPF, "529.982.247-25", " 529 982 247 25 "):
        assert await holders(rest_api, agent, document) == ["Ana"]
    assert await holders(rest_api, viewer, CNPJ) == ["Rui"]
    assert await holders(rest_api, agent, "11144477735") == []
    seen = (await rest_api.http.get(f"/contacts/{ana}", headers=viewer)).json()
    assert seen["document"] == "***.***.***-25"
    assert CPF not in str(seen)
    stored = await rest_api.house.admin.fetch("SELECT contacts::text AS row FROM contacts")
    assert not any(CPF in each["row"] or CNPJ in each["row"] for each in stored)
    assert (await changed(rest_api, agent, ana, document=None))["has_document"] is False
    assert await holders(rest_api, agent, CPF) == []


async def test_a_document_that_no_key_opens_is_not_shown_and_not_lost(
    rest_api: RestApiFixture,
) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    ana = await person(rest_api, "Ana")
    lost = Vault({"k9": bytes([9]) * 32})
    sealed = lost.seal(CPF, tenant_id=rest_api.house.tenant, purpose=TAX_ID_PURPOSE)
    await rest_api.house.admin.execute(
        "UPDATE contacts SET document_sealed = $1, document_index = $1", sealed
    )
    told = await changed(rest_api, who, ana, notes="liga à noite")
    assert (told["document"], told["has_document"], told["notes"]) == (None, True, "liga à noite")
    assert await rest_api.house.admin.fetchval("SELECT document_sealed FROM contacts") == sealed


async def test_what_is_left_out_stays_and_null_takes_it_away(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    ana = await person(rest_api, "Ana")
    await changed(rest_api, who, ana, notes="cliente antiga", document=CPF)
    told = await changed(rest_api, who, ana, name="Ana Paula")
    assert (told["name"], told["notes"], told["document"]) == (
        "Ana Paula",
        "cliente antiga",
        "529.982.247-25",
    )
    told = await changed(rest_api, who, ana, notes=None, name=None)
    assert (told["name"], told["notes"], told["has_document"]) == (None, "", True)
    assert await changed(rest_api, who, ana) == told


async def test_the_log_tells_that_something_changed_and_never_what_it_says(
    rest_api: RestApiFixture,
) -> None:
    user, who = await rest_api.add_signed_in_user("admin")
    ana = await person(rest_api, "Ana Souza")
    await changed(rest_api, who, ana, document=CPF, name="Ana Lima")
    await changed(rest_api, who, ana, document=CNPJ)
    await changed(rest_api, who, ana, document=CPF)
    await holders(rest_api, who, CPF)
    log = (await rest_api.http.get("/audit", params={"who": str(user)}, headers=who)).json()[
        "items"
    ]
    assert [each["action"] for each in log[:4]] == ["contacts.read", *["contacts.change"] * 3]
    assert log[0]["after"] == {"shown": 1, "by": "document"}
    third, second, first = log[1:4]
    assert {each["target"] for each in log[1:4]} == {f"contact:{ana}"}
    assert first["before"]["document"] is None
    assert set(first["after"]) == {"document", "name"}
    assert third["before"] == second["after"]
    assert third["after"]["document"] == first["after"]["document"]
    for secret in (CPF, CNPJ, format_tax_id(CPF), "Ana", "Lima", "Souza"):
        assert secret not in str(log)


async def test_conversations_of_a_contact_are_those_that_one_may_see(
    rest_api: RestApiFixture,
) -> None:
    _, boss = await rest_api.add_signed_in_user("admin")
    _, agent = await rest_api.add_signed_in_user("agent")
    visit = await rest_api.conversation()
    (contact,) = await rest_api.given.rows(
        "SELECT contact_id FROM threads WHERE id = $1", visit.thread
    )
    place = f"/contacts/{contact}/conversations"
    for who in (boss, agent):
        (shown,) = (await rest_api.http.get(place, headers=who)).json()["items"]
        assert (shown["id"], shown["contact_id"]) == (str(visit.id), str(contact))
    await rest_api.http.post(f"/conversations/{visit.id}/assign", json={}, headers=boss)
    assert (await rest_api.http.get(place, headers=agent)).json()["items"] == []
    await rest_api.http.put("/roles/fichas", json={"permissions": ["contacts:read"]}, headers=boss)
    _, files = await rest_api.add_signed_in_user("fichas")
    assert_problem(await rest_api.http.get(place, headers=files), 403, "forbidden")


async def test_what_was_joined_is_not_listed_and_not_changed(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    ana, again = await person(rest_api, "Ana"), await person(rest_api, "Ana")
    await rest_api.house.admin.execute(
        "UPDATE contacts SET merged_into = $1 WHERE id = $2", UUID(ana), UUID(again)
    )
    assert await listed(rest_api, who, name="Ana") == ["Ana"]
    told = (await rest_api.http.get(f"/contacts/{again}", headers=who)).json()
    assert told["merged_into"] == ana
    refused = await rest_api.http.patch(f"/contacts/{again}", json={"name": "X"}, headers=who)
    assert ana in assert_problem(refused, 409, "merged")["title"]


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({"name": "Ana", "phone": "5511"}, 400, "one_search"),
        ({"phone": "123"}, 400, "bad_phone"),
        ({"phone": "onze"}, 400, "bad_phone"),
        ({"name": "a\0"}, 422, "invalid"),
        ({"name": "a" * 10_000}, 422, "invalid"),
        ({"cursor": "x"}, 400, "bad_cursor"),
        ({"phone": "5511", "cursor": "x"}, 400, "bad_cursor"),
    ],
)
async def test_a_bad_search_says_what_to_change(
    rest_api: RestApiFixture, params: dict[str, str], status: int, code: str
) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    answer = assert_problem(
        await rest_api.http.get("/contacts", params=params, headers=who), status, code
    )
    assert "5299822" not in str(answer)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"document": "52998224724"}, 400, "bad_document"),
        ({"document": "5" * 33}, 422, "invalid"),
        ({"name": ""}, 422, "invalid"),
        ({"name": "a\0b"}, 422, "invalid"),
        ({"notes": "x" * 4001}, 422, "invalid"),
        ({"phone": "5511"}, 422, "invalid"),
    ],
)
async def test_a_bad_change_changes_nothing(
    rest_api: RestApiFixture, body: dict[str, str], status: int, code: str
) -> None:
    _, who = await rest_api.add_signed_in_user("admin")
    ana = await person(rest_api, "Ana")
    answer = await rest_api.http.patch(f"/contacts/{ana}", json=body, headers=who)
    assert "5299822" not in str(assert_problem(answer, status, code))
    (row,) = await rest_api.house.admin.fetch("SELECT name, notes, document_sealed FROM contacts")
    assert tuple(row) == ("Ana", "", None)
    assert await rest_api.given.count("audit", "action = 'contacts.change'") == 0


async def test_nobody_but_who_may_changes_a_contact(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    _, viewer = await rest_api.add_signed_in_user("viewer")
    _, agent = await rest_api.add_signed_in_user("agent")
    ana = await person(rest_api, "Ana")
    theirs = await person(rest_api, "Eva", tenant=await given.tenant())
    refused = await rest_api.http.patch(f"/contacts/{ana}", json={"name": "X"}, headers=viewer)
    assert_problem(refused, 403, "forbidden")
    for contact in (theirs, str(uuid4())):
        told = await rest_api.http.patch(f"/contacts/{contact}", json={"name": "X"}, headers=agent)
        assert_problem(told, 404, "not_found")


async def test_a_mask_leaves_the_last_two_digits() -> None:
    assert (format_masked_tax_id(CPF), format_masked_tax_id(CNPJ)) == (
        "***.***.***-25",
        "**.***.***/****-81",
    )
    assert format_tax_id(CNPJ) == "11.222.333/0001-81"
