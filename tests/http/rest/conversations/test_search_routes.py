"""Searching messages over the API: what is found, and who finds it."""

from typing import Any
from uuid import UUID

import pytest

from niochat.http.rest.conversations.search_routes import build_snippet
from tests.builders import ChannelRef, RowBuilder, build_message, insert_commands
from tests.http.rest.conftest import ConversationFixture, RestApiFixture, assert_problem

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]


async def search(rest_api: RestApiFixture, who: dict[str, str], q: str, **params: Any) -> list[str]:
    """Texts of a page."""
    return [
        each["message"]["text"] for each in (await searched(rest_api, who, q, **params))["items"]
    ]


async def searched(
    rest_api: RestApiFixture, who: dict[str, str], q: str, **params: Any
) -> dict[str, Any]:
    told = await rest_api.http.get("/search/messages", params={"q": q, **params}, headers=who)
    assert told.status_code == 200, told.text
    body: dict[str, Any] = told.json()
    return body


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("a acentuação está errada", "acentuacao"),
        ("a acentuacao esta errada", "acentuação"),
        ("ACENTUAÇA\u0303O", "acentuação"),
        ("minhas faturas", "fatura"),
        ("minha fatura", "FATURAS"),
        ("as conexões caíram", "conexão"),
        ("quero a segunda via da fatura", "fatura segunda"),
        ("minha fatura venceu", "fatrua"),
        ("minha internet caiu", "interent"),
        ("quero o desbloqueio", "desbloquio"),
        ("protocolo 20260302000001", "20260302000001"),
        ("fatura/boleto-pix", "boleto"),
        ("não tenho sinal", "nao"),
        ("R$ 99,90", "99,90"),
        ("meu e-mail é ana@example.com", "ana@example.com"),
        ("привет", "ПРИВЕТ"),
    ],
)
async def test_accents_endings_and_slips_do_not_matter(
    rest_api: RestApiFixture, said: str, asked: str
) -> None:
    _, who = await rest_api.add_signed_in_user("admin")
    await rest_api.conversation(None, said, "bom dia")
    assert await search(rest_api, who, asked) == [said]


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("na ponta da rua", "conta"),
        ("a fatura", "boleto"),
        ("a fatura", "fatura boleto"),
        ("faz tempo", "fax"),
    ],
)
async def test_another_word_is_not_taken_for_a_slip(
    rest_api: RestApiFixture, said: str, asked: str
) -> None:
    _, who = await rest_api.add_signed_in_user("admin")
    await rest_api.conversation(None, said, "minha conta")
    assert said not in await search(rest_api, who, asked)


async def test_a_hit_says_where_it_stands_and_marks_its_words(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("admin")
    visit = await rest_api.conversation(
        None, "oi", "quero a 2ª via da <b>Fatura</b>, a fatura de maio"
    )
    body = await searched(rest_api, who, "faturas maio")
    (hit,) = body["items"]
    told = (await rest_api.http.get(f"/conversations/{visit.id}", headers=who)).json()
    assert hit["conversation_id"] == str(visit.id)
    assert (hit["protocol"], hit["contact_id"]) == (told["protocol"], told["contact_id"])
    listed = (await rest_api.http.get(f"/conversations/{visit.id}/messages", headers=who)).json()
    assert hit["message"] in listed["items"]
    assert [part["text"] for part in hit["snippet"] if part["hit"]] == ["Fatura", "fatura", "maio"]
    assert "".join(part["text"] for part in hit["snippet"]) == hit["message"]["text"]
    assert body["next_cursor"] is None


async def test_a_snippet_is_the_place_of_the_first_hit() -> None:
    parts = build_snippet("a" * 300 + " fatura " + "b" * 300, ["fatura"])
    text = "".join(part.text for part in parts)
    assert [part.text for part in parts if part.hit] == ["fatura"]
    assert text.startswith("…")
    assert text.endswith("…")
    assert len(text) < 210
    assert [part.text for part in build_snippet("faturamento", ["fatura"]) if part.hit] == []


async def test_pages_go_from_the_newest_on_and_neither_miss_nor_repeat(
    rest_api: RestApiFixture,
) -> None:
    _, who = await rest_api.add_signed_in_user("admin")
    visit = await rest_api.conversation()
    for number in range(7):
        await insert_commands(
            rest_api.host,
            visit.place,
            visit.thread,
            [build_message(f"f{number}", f"fatura {number}")],
        )
        await rest_api.host.run(visit.thread)
    seen: list[str] = []
    cursor: object = None
    while True:
        body = await searched(
            rest_api, who, "fatura", limit=3, **({"cursor": cursor} if cursor else {})
        )
        seen += [each["message"]["text"] for each in body["items"]]
        cursor = body["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"fatura {number}" for number in reversed(range(7))]


async def test_deleted_messages_are_not_found_and_edited_ones_by_what_they_say_now(
    rest_api: RestApiFixture,
) -> None:
    _, who = await rest_api.add_signed_in_user("admin")
    await rest_api.conversation(None, "fatura um", "fatura dois")
    await rest_api.house.admin.execute(
        "UPDATE messages SET deleted_at = now() WHERE text = 'fatura um'"
    )
    await rest_api.house.admin.execute(
        "UPDATE messages SET text = 'boleto', edited_at = now() WHERE text = 'fatura dois'"
    )
    assert await search(rest_api, who, "fatura") == []
    assert await search(rest_api, who, "boleto") == ["boleto"]


async def act(
    rest_api: RestApiFixture,
    visit: ConversationFixture,
    what: str,
    who: dict[str, str],
    **body: object,
) -> None:
    done = await rest_api.http.post(f"/conversations/{visit.id}/{what}", json=body, headers=who)
    assert done.status_code == 200, done.text


async def test_everybody_finds_what_they_may_see_and_notes_like_messages(
    rest_api: RestApiFixture,
) -> None:
    """As in the lists: one's own, those of one's teams and nobody's, or all."""
    _, boss = await rest_api.add_signed_in_user("admin")
    await rest_api.http.put(
        "/roles/proprio",
        json={
            "permissions": [
                "conversations:read:own",
                "conversations:assign:own",
                "conversations:note:own",
            ]
        },
        headers=boss,
    )
    _, agent = await rest_api.add_signed_in_user("agent")
    eva, own = await rest_api.add_signed_in_user("proprio")
    free = await rest_api.conversation(None, "fatura livre")
    taken = await rest_api.conversation(free.place, "fatura da ana")
    mine = await rest_api.conversation(free.place, "fatura da eva")
    await act(rest_api, taken, "assign", boss)
    await act(rest_api, taken, "notes", boss, text="nota da fatura")
    await act(rest_api, mine, "assign", boss, agent=str(eva))

    assert set(await search(rest_api, boss, "fatura")) == {
        "fatura livre",
        "fatura da ana",
        "nota da fatura",
        "fatura da eva",
    }
    assert await search(rest_api, agent, "fatura") == ["fatura livre"]
    assert await search(rest_api, own, "fatura") == ["fatura da eva"]


async def test_who_sees_little_gets_full_pages_past_what_they_may_not_see(
    rest_api: RestApiFixture,
) -> None:
    _, boss = await rest_api.add_signed_in_user("admin")
    _, agent = await rest_api.add_signed_in_user("agent")
    seen = await rest_api.conversation(None, "fatura antiga")
    hidden = await rest_api.conversation(seen.place, *(f"fatura {n}" for n in range(30)))
    await act(rest_api, hidden, "assign", boss)
    assert await search(rest_api, agent, "fatura", limit=5) == ["fatura antiga"]


async def test_another_tenants_words_are_never_found(
    rest_api: RestApiFixture, given: RowBuilder
) -> None:
    foreign = await given.tenant()
    await rest_api.conversation(ChannelRef(foreign, await given.channel(foreign)), "fatura deles")
    _, ours = await rest_api.add_signed_in_user("admin")
    assert await search(rest_api, ours, "fatura") == []
    assert await search(rest_api, ours, "fatrua") == []


@pytest.mark.parametrize(
    ("q", "status", "code"),
    [
        (None, 422, "invalid"),
        ("", 422, "invalid"),
        ("x" * 10_000, 422, "invalid"),
        ("?!… «» '\"", 400, "no_words"),
        ("   ", 400, "no_words"),
        ("fatura\0", 422, "invalid"),
        ("de para o", 400, "no_words"),
        ("um dois três quatro cinco seis sete oito nove", 400, "too_many_words"),
    ],
)
async def test_a_bad_search_says_what_to_change(
    rest_api: RestApiFixture, q: str | None, status: int, code: str
) -> None:
    _, who = await rest_api.add_signed_in_user("admin")
    params = {} if q is None else {"q": q}
    assert_problem(
        await rest_api.http.get("/search/messages", params=params, headers=who), status, code
    )


@pytest.mark.parametrize(
    "q",
    [
        "'fatura",
        "fatura' OR 1=1 --",
        "fatura & !boleto | (",
        "fatura:*",
        "\\fatura\\",
        "%fatura_",
        "\u202efatura",
        "🙂 fatura",
        "fatura <-> boleto",
        "İ fatura",
        "ſ ½ fatura",
        "ª" * 100,
    ],
)
async def test_signs_of_a_query_language_are_only_signs(rest_api: RestApiFixture, q: str) -> None:
    _, who = await rest_api.add_signed_in_user("admin")
    await rest_api.conversation(None, "a fatura")
    told = await rest_api.http.get("/search/messages", params={"q": q}, headers=who)
    assert told.status_code == 200, told.text


async def test_who_searched_is_written_down_and_what_for_is_not(rest_api: RestApiFixture) -> None:
    user, who = await rest_api.add_signed_in_user("admin")
    await rest_api.conversation(None, "fatura do João")
    await search(rest_api, who, "João")
    (row, *_) = (await rest_api.http.get("/audit", headers=who)).json()["items"]
    assert (row["who"], row["action"], row["target"], row["after"]) == (
        str(user),
        "conversations.read",
        "search",
        {"shown": 1},
    )
    assert "jo" not in str(row["after"]).lower()


async def test_a_message_outside_any_conversation_is_not_shown(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("admin")
    visit = await rest_api.conversation(None, "oi")
    tenant: UUID = visit.place.tenant
    await rest_api.house.admin.execute(
        "INSERT INTO messages (tenant_id, id, thread_id, author, kind, text, sent_at)"
        " VALUES ($1, gen_random_uuid(), $2, 'phone', 'text', 'fatura', now())",
        tenant,
        visit.thread,
    )
    assert await search(rest_api, who, "fatura") == []
