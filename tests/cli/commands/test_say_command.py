"""``niochat say`` shows what is on the customer's phone so that a person understands it."""

import asyncio
import base64
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest

from niochat.cli.commands.say_command import format_item
from tests.niochat_sandbox.conftest import SandboxFixture, origin, receiver, world

__all__ = ["origin", "receiver", "world"]

MARIA = "5581988887777"
CODE = "00020126580014BR.GOV.BCB.PIX0136" + "7d9f0335-8dcc-4054-9bf9-0dbd61d36906" * 4 + "6304ABCD"
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
PDF = base64.b64encode(b"%PDF-1.4\n").decode()


def line(kind: str, text: str, name: str | None = None) -> dict[str, Any]:
    """As the sandbox's phone API gives it; with a ``name`` there is a file."""
    file = {} if name is None else {"file": {"mimetype": "", "name": name, "size": 1}}
    return {"kind": kind, "text": text, **file}


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (line("text", CODE), CODE),
        (line("text", " [imagem] não é "), " [imagem] não é "),
        (line("list", "Escolha"), "Escolha"),
        (line("image", "QR do PIX", "pix.png"), "[imagem] QR do PIX"),
        (line("image", "", ""), "[imagem]"),
        (line("document", "Fatura", "boleto.pdf"), "[documento boleto.pdf] Fatura"),
        (line("document", "", "boleto.pdf"), "[documento boleto.pdf]"),
        (line("document", "Fatura", ""), "[documento] Fatura"),
        (line("ptt", "", ""), "[arquivo]"),
    ],
)
def test_files_are_named_and_texts_stay_as_they_are(item: dict[str, Any], words: str) -> None:
    assert format_item(item) == words


@pytest.mark.asyncio
@pytest.mark.timeout(60)
async def test_a_conversation_with_files_reads_as_one(
    world: SandboxFixture, tmp_path: Path
) -> None:
    """A PIX code is one unbroken line, however narrow the terminal."""
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("niochat"),
        "say",
        f"+{MARIA}",
        "oi",
        env=environment(world, tmp_path),
        stdout=PIPE,
        stderr=PIPE,
    )
    while not await world.phone(MARIA, wait=5):
        assert process.returncode is None, "it never wrote"
    picture = {"type": "image", "file": PNG, "text": "QR do PIX", "docName": "pix.png"}
    invoice = {"type": "document", "file": PDF, "text": "Fatura", "docName": "boleto.pdf"}
    await world.gateway("/send/media", {"number": MARIA, **picture})
    await world.gateway("/send/text", {"number": MARIA, "text": CODE})
    await world.gateway("/send/text", {"number": MARIA, "text": "até :smile: logo"})
    await world.gateway("/send/media", {"number": MARIA, **invoice})
    out, err = await process.communicate()

    assert process.returncode == 0, err.decode()
    assert out.decode().splitlines() == [
        "niochat: [imagem] QR do PIX",
        f"niochat: {CODE}",
        "niochat: até :smile: logo",
        "niochat: [documento boleto.pdf] Fatura",
    ]


def environment(world: SandboxFixture, home: Path) -> dict[str, str]:
    """What the launcher would have told the command; no database is asked for anything."""
    return {
        **os.environ,
        "NIOCHAT_HOME": str(home),
        "DATABASE_URL": "postgresql://127.0.0.1:9/none",
        "REDIS_URL": "redis://127.0.0.1:9/0",
        "NIOCHAT_VAULT_KEYS": "k1:" + base64.b64encode(bytes(32)).decode(),
        "NIOCHAT_BASE_URL": "http://127.0.0.1:9",
        "NIOCHAT_SANDBOX_URL": world.origin,
        "NIOCHAT_SANDBOX_TOKEN": world.token,
        "COLUMNS": "40",
    }
