"""Mail to the sandbox is taken, delivered to nobody, and shown."""

import asyncio
import socket
from email.message import EmailMessage

import httpx
import pytest

from niochat.adapters.smtp import SmtpClient
from niochat.domain.errors import InvalidInputError, UnavailableError
from niochat_sandbox.app import create_app
from tests.http.conftest import serve_app

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(30)]


def mail(text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"] = "NioChat <n@example.com>", "ana@example.com"
    message["Subject"] = "Seu convite <b>"
    message.set_content(text)
    return message


def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


async def test_a_mail_is_shown_as_it_was_written(tmp_path: object) -> None:
    chosen = port()
    app = create_app("http://127.0.0.1:1", ("127.0.0.1", chosen))
    async with serve_app(app, lifespan="on") as http:  # type: ignore[arg-type]
        await http.get("/sandbox/health")  # answered once everything is open
        await SmtpClient(f"smtp://127.0.0.1:{chosen}").send(
            mail("Olá, ação: https://x/senha#abc\n")
        )
        await SmtpClient(f"smtp://127.0.0.1:{chosen}").send(mail("segunda\n"))
        listed = (await http.get("/sandbox/mails", params={"to": "ana@example.com"})).json()
        assert [each["text"] for each in listed["items"]] == [
            "segunda\n",
            "Olá, ação: https://x/senha#abc\n",
        ]
        page = await http.get("/sandbox/mail")
        assert "Seu convite &lt;b&gt;" in page.text
        assert (await http.get("/sandbox/mails", params={"to": "x"})).json() == {"items": []}


async def test_a_server_that_is_away_or_refuses_may_be_tried_again() -> None:
    with pytest.raises(UnavailableError, match="did not take it"):
        await SmtpClient(f"smtp://127.0.0.1:{port()}").send(mail("x"))

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"554 no\r\n")
        writer.close()

    refusing = await asyncio.start_server(refuse, "127.0.0.1", 0)
    number = refusing.sockets[0].getsockname()[1]
    async with refusing:
        with pytest.raises(UnavailableError):
            await SmtpClient(f"smtp://127.0.0.1:{number}").send(mail("x"))


@pytest.mark.parametrize(
    "url", ["", "x", "http://mail:25", "smtp://", "smtp://:25", "smtp://user:secret@host:port"]
)
async def test_an_address_that_is_none_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(InvalidInputError, match="NIOCHAT_SMTP_URL") as refused:
        SmtpClient(url)
    assert "secret" not in str(refused.value)


async def test_the_sandbox_runs_without_a_mail_server() -> None:
    async with serve_app(create_app("http://127.0.0.1:1"), lifespan="on") as http:  # type: ignore[arg-type]
        assert isinstance(http, httpx.AsyncClient)
        assert (await http.get("/sandbox/mails")).json() == {"items": []}
