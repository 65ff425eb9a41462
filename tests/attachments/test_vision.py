"""Pictures and PDFs are read once by a model that sees, a PDF's text by rules, over real HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from niochat.adapters.postgres.database import Database
from niochat.attachments.pdf_text import extract_pdf_text
from niochat_sandbox.sample_files import build_pdf, build_picture, list_samples
from tests.actors.sandbox_provider import create_gateway_instance, one_root_certificate
from tests.attachments.attachment_pipeline import AttachmentPipeline, open_attachment_pipeline
from tests.builders import RowBuilder, ShardAssignments
from tests.niochat_sandbox.conftest import origin

__all__ = ["one_root_certificate", "origin"]
pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]
SAMPLES = list_samples()


@pytest_asyncio.fixture
async def room(
    database: Database, origin: str, given: RowBuilder, ownership: ShardAssignments, tmp_path: Path
) -> AsyncIterator[AttachmentPipeline]:
    async with create_gateway_instance(origin) as world:
        seeing = {"sees": True, "price_in": 2.0}
        async with open_attachment_pipeline(
            database, world, given, ownership, tmp_path, **seeing
        ) as here:
            yield here


async def read(room: AttachmentPipeline, name: str) -> Any:
    await room.receive_file(SAMPLES[name].kind, sample=name)
    assert await room.list_turn_texts() == []
    await room.run_downloads()
    await room.run_readings()
    assert await room.list_turn_texts() == ["running"]
    return await room.load_attachment_row()


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("los-vermelha", {"kind": "los_light", "luz_los": "red"}),
        ("los-apagada", {"kind": "los_light", "luz_los": "off"}),
        (
            "comprovante",
            {"kind": "receipt", "value": "99.90", "date": "2026-11-10", "payee": "PROVEDOR DEMO"},
        ),
        ("erro", {"kind": "error_screen", "text": "Não é possível acessar esse site"}),
        ("gato", {"kind": "other"}),
        (
            "comprovante-pdf",
            {"kind": "receipt", "value": "99.90", "date": "2026-11-10", "payee": "PROVEDOR DEMO"},
        ),
    ],
)
async def test_a_file_is_looked_at_by_the_model(
    room: AttachmentPipeline, name: str, facts: dict[str, Any]
) -> None:
    row = await read(room, name)

    assert (row["status"], row["facts"]) == ("read", facts)
    assert row["tokens_in"] > 0
    assert row["cost"] > 0
    (shown,) = await room.load_shown_messages()
    assert shown["reading"]["facts"] == facts
    assert shown["transcript"] is None


async def test_a_pdf_with_text_needs_no_model(room: AttachmentPipeline) -> None:
    await room.provider.inject_fault("model", "status", status=500, count=None)
    row = await read(room, "boleto")

    assert row["facts"]["kind"] == "boleto"
    assert (row["facts"]["value"], row["facts"]["due"]) == ("99.90", "2026-11-27")
    assert (row["model"], row["tokens_in"]) == ("", 0)


async def test_a_model_that_does_not_see_is_told_of_and_nobody_waits(
    room: AttachmentPipeline,
) -> None:
    await room.provider.inject_fault("model", "status", status=400)
    row = await read(room, "los-vermelha")

    assert (row["status"], row["code"]) == ("failed", "model_400")


@pytest.mark.parametrize("kind", ["empty", "malformed"])
async def test_an_answer_that_is_unusable_says_nothing(room: AttachmentPipeline, kind: str) -> None:
    await room.provider.inject_fault("model", kind)
    await room.receive_file("image", sample="los-vermelha")
    await room.run_downloads()
    await room.run_readings()
    await room.expire_waits()
    await room.run_readings()

    row = await room.load_attachment_row()
    assert row["status"] == "read"
    assert row["facts"]["kind"] in ("other", "los_light")


async def test_what_calls_itself_a_picture_is_not_shown_to_anybody(
    room: AttachmentPipeline,
) -> None:
    await room.receive_bytes("image", b"#!/bin/sh\nrm -rf", mimetype="image/png")
    await room.run_downloads()
    await room.run_readings()

    assert ((await room.load_attachment_row())["code"], await room.list_turn_texts()) == (
        "not_a_picture",
        ["running"],
    )


async def test_a_document_that_is_no_pdf_is_for_people(room: AttachmentPipeline) -> None:
    await room.receive_bytes(
        "document", b"abra um chamado", mimetype="application/pdf", file="a.txt"
    )
    await room.run_downloads()
    await room.run_readings()

    assert ((await room.load_attachment_row())["code"], await room.list_turn_texts()) == (
        "not_pdf",
        ["running"],
    )


async def test_a_picture_of_six_megabytes_is_not_sent(room: AttachmentPipeline) -> None:
    await room.receive_bytes("image", build_picture({"kind": "other"}) + bytes(6 * 2**20))
    await room.run_downloads()
    await room.run_readings()

    assert (await room.load_attachment_row())["code"] == "too_large"


@pytest.mark.parametrize(
    "data",
    [
        b"%PDF-1.4 nothing behind it",
        b"%PDF-1.4\n" + b"1 0 obj<<" * 50_000,
        build_pdf([])[:200],
    ],
)
async def test_a_pdf_that_is_broken_is_no_text_and_no_harm(data: bytes) -> None:
    assert not await extract_pdf_text(data)


async def test_a_pdf_of_many_words_is_cut() -> None:
    long = await extract_pdf_text(build_pdf(["palavra " * 100] * 400))

    assert long is not None
    assert 10_000 < len(long) <= 20_000
