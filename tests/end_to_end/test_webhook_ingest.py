"""The main job on real input: captured webhooks posted to the real route."""

from pathlib import Path

import pytest

from tests.adapters.gateways.uazapi.captured_webhooks import (
    FOLDER,
    NAMES,
    REAL_FOLDER,
    TEXT,
    load_capture,
)
from tests.end_to_end.conftest import EndToEndFixture
from tests.end_to_end.provider_definitions import CAPTURED, REAL_CAPTURED, ChannelDefinition

pytestmark = pytest.mark.asyncio

TYPED = "user-chat__from-me__text.sent.event"
MINE = [TYPED, "user-chat__from-others__poll.vote.me"]
KINDS = {
    "audio": "voice",
    "contact": "contact",
    "emoji": "text",
    "file": "document",
    "gif": "video",
    "image": "image",
    "location": "location",
    "poll": "poll",
    "sticker": "sticker",
    "video": "video",
}


@pytest.mark.parametrize(
    ("line", "folder"),
    [
        (CAPTURED, FOLDER),
        pytest.param(
            REAL_CAPTURED,
            REAL_FOLDER,
            marks=pytest.mark.skipif(not REAL_FOLDER.is_dir(), reason="only beside the repository"),
        ),
    ],
)
async def test_every_captured_webhook_is_taken_and_the_whole_path_answers(
    running_product: EndToEndFixture, line: ChannelDefinition, folder: Path
) -> None:
    message = load_capture(TEXT, folder)["message"]
    assert isinstance(message, dict)
    customer = running_product.customer(line, str(message["chatid"]).partition("@")[0])

    assert await running_product.post_webhook(line, load_capture(TEXT, folder)) == [200]
    (answer,) = await customer.hears(1)
    assert "Protocolo: " in answer
    await customer.shows("turns", "status", "answered")

    # What people of the provider did comes last: it silences the assistant, as it should.
    others = [name for name in NAMES if name != TEXT and name not in MINE]
    for name in [*others, TEXT]:
        assert await running_product.post_webhook(line, load_capture(name, folder)) == [200], name
    await customer.hears(2)
    for name in MINE:
        assert await running_product.post_webhook(line, load_capture(name, folder)) == [200], name

    await customer.shows("conversations", "status", "pending")
    await customer.settled()
    stored = {row["external_id"]: row for row in await customer.rows("messages")}
    for name, kind in KINDS.items():
        assert stored[id_of(f"user-chat__from-others__{name}.sent", folder)]["kind"] == kind
    assert stored[id_of("user-chat__from-me__list.vote.other", folder)]["kind"] == "choice"
    assert stored[id_of(TYPED, folder)]["author"] == "phone"
    assert set(await customer.column("inbox", "outcome")) == {"done"}
    groups = "SELECT FROM inbox WHERE dedupe_key LIKE '%' || $1"
    assert not await running_product.fetch(
        groups, id_of("group-chat__from-others__text.sent", folder)
    )


def id_of(name: str, folder: Path) -> str:
    message = load_capture(name, folder)["message"]
    assert isinstance(message, dict)
    return str(message["messageid"])
