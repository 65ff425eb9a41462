"""No log holds a secret or a search: each address with one is asked for, then every log is read."""

import re
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from niochat.http.rest.rest_application import create_rest_application
from niochat.launcher.home_folder import HomeFolder
from tests.end_to_end.conftest import EndToEndFixture
from tests.end_to_end.provider_definitions import FAST
from tests.end_to_end.test_agent_workflow import desk, somebody
from tests.outbox.outbox_harness import PNG

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(120)]

SYSLOG = ("127.0.0.1", 514)
ENDS_THE_SESSION = re.compile("logout|second-factor")


@contextmanager
def heard() -> Iterator[list[bytes]]:
    """What is sent to the usual address of system logs meanwhile."""
    said: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.setblocking(False)
        try:
            listener.bind(SYSLOG)
        except OSError:
            pytest.skip("the port of system logs is not ours to listen on")
        yield said
        while True:
            try:
                said.append(listener.recv(65_536))
            except BlockingIOError:
                return


def logs(home: Path) -> Iterator[Path]:
    """Of ours, of the stores, and of Ray with all its workers."""
    temporary = HomeFolder.locate(home).temporary_folder()
    for folder in (home / "log", temporary / "r" / "session_latest" / "logs"):
        yield from (file for file in folder.rglob("*") if file.is_file())


async def test_what_is_in_an_address_a_header_or_a_body_is_in_no_log(
    world: EndToEndFixture,
) -> None:
    mark = f"zq{secrets.token_hex(8)}"
    digits = "".join(secrets.choice("0123456789") for _ in range(11))
    webhook = world.channel(FAST)["webhook_url"]
    known = {
        "webhook secret": webhook.rpartition("/")[2],
        "gateway token": FAST.token,
        "password": somebody(world, "demo", "admin")["password"],
        "operators' token": world.stack.environment["NIOCHAT_OPERATOR_TOKEN"],
        "mark": mark,
        "digits": digits,
    }
    customer = world.customer(FAST)
    with heard() as said:
        await customer.say(f"{customer.tag(1)} {mark} minha internet está lenta")
        await customer.hears(1)
        await _at_the_doors(world.stack.url, webhook, mark, digits)
        known |= await _signed_in(world, mark, digits)
    files = {file: file.read_bytes() for file in logs(world.stack.home)}

    assert any(file.parent.name == "log" for file in files)
    assert any("worker-" in file.name for file in files)
    assert len(known) >= 9
    assert said == [], f"{len(said)} lines were sent to {SYSLOG}"
    for what, value in known.items():
        shown = [file.name for file, text in files.items() if value.encode() in text]
        assert not shown, f"{what} stands in {shown}"


async def _at_the_doors(url: str, webhook: str, mark: str, digits: str) -> None:
    """What a stranger, a gateway and an operator ask for."""
    body = {"EventType": "messages", "token": mark, "message": {"text": mark}}
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        for address in (
            webhook,
            re.sub(r"[^/]+$", mark, webhook),
            f"{url}/webhooks/uazapi/{mark}/{mark}",
            f"{webhook}/{mark}?q={mark}",
        ):
            await http.post(address, json=body, headers={"x-hub-signature-256": mark})
        for path in ("", "api/", "api/v1/", "api/operators/actors/", "live/", "-/"):
            await http.get(
                f"{url}/{path}{mark}?q={mark}&document={digits}",
                headers={"authorization": f"Bearer {mark}", "cookie": f"niochat_access={mark}"},
            )
        for path, sent in (
            ("login", {"login": f"{mark}@example.com", "password": mark}),
            ("password", {"token": mark, "password": mark + mark}),
            ("password-reset", {"login": f"{mark}@example.com"}),
            ("refresh", {"refresh_token": mark}),
        ):
            await http.post(f"{url}/api/v1/auth/{path}", json=sent)


async def _signed_in(world: EndToEndFixture, mark: str, digits: str) -> dict[str, str]:
    """What somebody asks who may everything: each route there is; returns secrets it gave out."""
    found: dict[str, str] = {}
    asked = 0
    async with desk(world, somebody(world, "demo", "admin")) as (api, _):
        found["access token"] = api.headers["authorization"].removeprefix("Bearer ")
        for path, methods in create_rest_application().openapi()["paths"].items():
            if ENDS_THE_SESSION.search(path):
                continue
            address = re.sub(r"\{[^}]+\}", mark, path)
            for method in methods.keys() & {"get", "post", "put", "patch", "delete"}:
                await api.request(
                    method.upper(),
                    address,
                    params={"q": mark, "document": digits, "phone": digits, "cursor": mark},
                    json=None if method in ("get", "delete") else {"unknown": mark},
                )
                asked += 1
        sent = await api.post("/files", files={"file": (f"{mark}.png", PNG, "image/png")})
        assert sent.is_success, sent.text
        await api.get("/contacts", params={"q": digits})
        await api.post("/contacts/lookup", json={"document": "318.204.500-82"})
        found["document"] = "31820450082"
        found["ticket"] = (await api.post("/auth/socket-tickets")).json()["ticket"]
    assert asked > 60
    return found
