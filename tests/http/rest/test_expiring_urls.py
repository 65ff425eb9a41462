"""What is given out for a while: addresses of files, tickets, mailed links.

Over, altered, meant for something else, used before, of something that is gone, or judged by a
machine whose clock is wrong.
"""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from niochat.adapters import clock
from niochat.adapters.clock import DatabaseClock
from niochat.adapters.postgres.clock_sync import sync_clock
from niochat.attachments.attachment_store import DOWNLOAD_TOKEN_TTL, object_key
from niochat.domain.errors import AuthenticationError, NotFoundError
from tests.http.rest.conftest import RestApiFixture, assert_problem
from tests.identity.conftest import PASSWORD
from tests.outbox.outbox_harness import PNG

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

WRONG_BY = timedelta(minutes=5)
SECOND = timedelta(seconds=1)


@pytest.fixture
def wrong_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file that makes this machine's clock wrong; PostgreSQL's stays right."""
    monkeypatch.setenv(clock.CLOCK_FILE, str(tmp_path / "clock"))
    yield tmp_path / "clock"
    clock.database_clock.__init__()  # type: ignore[misc]


async def kept(rest_api: RestApiFixture) -> tuple[UUID, str]:
    """A file, and a token that opens it now."""
    _, who = await rest_api.add_signed_in_user("agent")
    told = await rest_api.http.post("/files", files={"file": ("foto.png", PNG)}, headers=who)
    file = UUID(told.json()["id"])
    library = rest_api.services.attachments
    token, _ = library.create_download_token(
        await library.find(rest_api.house.tenant, file), clock.database_clock.now()
    )
    return file, token


def content(token: str) -> str:
    return f"/files/content/{token}"


async def test_an_address_is_good_for_its_minutes_and_no_second_longer(
    rest_api: RestApiFixture,
) -> None:
    file, _ = await kept(rest_api)
    library, now = rest_api.services.attachments, clock.now()
    known = await library.find(rest_api.house.tenant, file)
    token, until = library.create_download_token(known, now)
    assert until == now + DOWNLOAD_TOKEN_TTL
    assert (await library.find_by_token(token, until - SECOND)).id == file
    with pytest.raises(NotFoundError):
        await library.find_by_token(token, until + SECOND)
    over, _ = library.create_download_token(known, now - DOWNLOAD_TOKEN_TTL - SECOND)
    for ask in (rest_api.http.get, rest_api.http.head):
        answer = await ask(content(over), headers={"range": "bytes=0-3"})
        assert answer.status_code == 404
        assert answer.content == b"" or assert_problem(answer, 404, "address_over")


async def test_no_byte_of_an_address_can_be_another_one(
    rest_api: RestApiFixture, given: object
) -> None:
    file, token = await kept(rest_api)
    whole = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    for place in range(0, len(whole), 3):
        changed = bytearray(whole)
        changed[place] ^= 1
        altered = base64.urlsafe_b64encode(changed).decode().rstrip("=")
        assert_problem(await rest_api.http.get(content(altered)), 404, "address_over")
    # Of another tenant, and made for something else.
    neighbour = await rest_api.given.tenant()
    moved = base64.urlsafe_b64encode(neighbour.bytes + whole[16:]).decode().rstrip("=")
    assert_problem(await rest_api.http.get(content(moved)), 404, "address_over")
    vault, tenant = rest_api.house.vault, rest_api.house.tenant
    sealed = vault.seal(
        f'{{"file": "{file.hex}", "until": 9999999999}}', tenant_id=tenant, purpose="kept answer"
    )
    other = base64.urlsafe_b64encode(tenant.bytes + sealed).decode().rstrip("=")
    assert_problem(await rest_api.http.get(content(other)), 404, "address_over")


async def test_an_address_opens_the_one_file_that_it_was_made_for(rest_api: RestApiFixture) -> None:
    _, who = await rest_api.add_signed_in_user("agent")
    library, tenant = rest_api.services.attachments, rest_api.house.tenant
    files = []
    for number in range(2):
        data = PNG + bytes([number])
        told = await rest_api.http.post("/files", files={"file": ("a.png", data)}, headers=who)
        files.append((UUID(told.json()["id"]), data))
    for file, data in files:
        token, _ = library.create_download_token(await library.find(tenant, file), clock.now())
        assert (await rest_api.http.get(content(token))).content == data


@pytest.mark.parametrize("gone", ["row", "bytes"])
async def test_the_address_of_a_file_that_was_deleted_says_that_it_is_not_there(
    rest_api: RestApiFixture, gone: str, tmp_path: Path
) -> None:
    file, token = await kept(rest_api)
    if gone == "row":
        await rest_api.house.admin.execute("DELETE FROM attachments WHERE id = $1", file)
    else:
        (tmp_path / object_key(rest_api.house.tenant, file)).unlink()
    assert_problem(await rest_api.http.get(content(token)), 404, "not_found")
    assert_problem(
        await rest_api.http.get(content(token), headers={"range": "bytes=0-3"}), 404, "not_found"
    )
    assert (await rest_api.http.head(content(token))).status_code == 404


async def test_what_is_there_can_be_asked_about_and_had_in_parts(rest_api: RestApiFixture) -> None:
    _, token = await kept(rest_api)
    told = await rest_api.http.head(content(token), headers={"range": "bytes=0-3"})
    assert (told.status_code, told.content) == (200, b"")
    assert told.headers["content-length"] == str(len(PNG))
    assert told.headers["content-type"] == "image/png"
    whole = await rest_api.http.get(content(token))
    assert {k: v for k, v in told.headers.items() if k != "date"} == {
        k: v for k, v in whole.headers.items() if k != "date"
    }
    part = await rest_api.http.get(content(token), headers={"range": "bytes=1-3"})
    assert (part.status_code, part.content) == (206, PNG[1:4])


@pytest.mark.parametrize("ahead", [1, -1])
async def test_a_machine_whose_clock_is_wrong_opens_what_another_gave_out_and_nothing_longer(
    rest_api: RestApiFixture, wrong_clock: Path, ahead: int
) -> None:
    """Another machine, whose clock is right, made them; this one is five minutes off."""
    boss, who = await rest_api.add_signed_in_user("admin")
    told = await rest_api.http.post("/files", files={"file": ("foto.png", PNG)}, headers=who)
    file, right = UUID(told.json()["id"]), datetime.now(UTC)
    library, access = rest_api.services.attachments, rest_api.services.identity
    token, _ = library.create_download_token(await library.find(rest_api.house.tenant, file), right)
    over, _ = library.create_download_token(
        await library.find(rest_api.house.tenant, file), right - DOWNLOAD_TOKEN_TTL - 5 * SECOND
    )
    ticket = (await rest_api.http.post("/auth/socket-tickets", headers=who)).json()["ticket"]

    wrong_clock.write_text(f"0 {ahead * WRONG_BY.total_seconds()}\n")
    assert abs(clock.now() - right - ahead * WRONG_BY) < 30 * SECOND
    await sync_clock(rest_api.house.database, clock.database_clock)

    assert (await rest_api.http.get(content(token))).status_code == 200
    assert_problem(await rest_api.http.get(content(over)), 404, "address_over")
    # A ticket that this machine makes sweeps none of the others' out.
    await rest_api.http.post("/auth/socket-tickets", headers=who)
    assert (await access.socket_tickets.redeem(ticket, datetime.now(UTC)))[1] == boss
    assert (await rest_api.http.get("/users", headers=who)).status_code == 200


async def test_a_step_of_the_machines_clock_changes_nothing_that_was_agreed(
    rest_api: RestApiFixture, wrong_clock: Path
) -> None:
    agreed = DatabaseClock()
    await sync_clock(rest_api.house.database, agreed)
    for offset in (3600, -3600):
        wrong_clock.write_text(f"0 {offset}\n")
        assert abs(agreed.now() - datetime.now(UTC)) < 30 * SECOND
        assert abs(DatabaseClock().now() - datetime.now(UTC)) > 3000 * SECOND


async def test_a_ticket_that_is_over_used_or_altered_opens_nothing(
    rest_api: RestApiFixture,
) -> None:
    boss, who = await rest_api.add_signed_in_user("admin")
    tickets = rest_api.services.identity.socket_tickets
    made = [
        (await rest_api.http.post("/auth/socket-tickets", headers=who)).json()["ticket"]
        for _ in range(2)
    ]
    now = clock.database_clock.now()
    with pytest.raises(AuthenticationError):
        await tickets.redeem(made[0], now + timedelta(seconds=31))
    with pytest.raises(AuthenticationError):
        await tickets.redeem(made[0][:-1] + ("A" if made[0][-1] != "A" else "B"), now)
    assert (await tickets.redeem(made[0], now))[1] == boss
    with pytest.raises(AuthenticationError):
        await tickets.redeem(made[0], now)
    assert (await tickets.redeem(made[1], now))[1] == boss


async def test_a_mailed_link_is_over_after_its_time_after_its_use_and_after_the_next_one(
    rest_api: RestApiFixture,
) -> None:
    _, who = await rest_api.add_signed_in_user("admin")
    body = {"login": "nova@example.com", "name": "Nova", "role": "viewer"}
    user = (await rest_api.http.post("/users", json=body, headers=who)).json()["id"]

    async def secret() -> str:
        rest_api.house.clock.advance(seconds=60)
        (mail,) = (await rest_api.house.deliver_mails())[-1:]
        text = mail.get_content()
        return str(text.split("#", 1)[1].split()[0])

    async def uses(link: str) -> httpx.Response:
        return await rest_api.http.post(
            "/auth/password", json={"secret": link, "password": PASSWORD}
        )

    first = await secret()
    assert (await rest_api.http.post(f"/users/{user}/invitation", headers=who)).status_code == 202
    second = await secret()
    assert_problem(await uses(first), 409, "link_over")
    assert_problem(await uses(second[:-1] + ("A" if second[-1] != "A" else "B")), 409, "link_over")
    await rest_api.house.admin.execute(
        "UPDATE one_time_links SET expires_at = expires_at - interval '7 days 1 s'"
    )
    assert_problem(await uses(second), 409, "link_over")
    await rest_api.house.admin.execute(
        "UPDATE one_time_links SET expires_at = expires_at + interval '1 day'"
    )
    assert (await uses(second)).status_code == 204
    assert_problem(await uses(second), 409, "link_over")
