"""The desk, and a theatre of sockets beside it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest_asyncio
from starlette.applications import Starlette
from starlette.routing import Mount
from websockets.asyncio.client import ClientConnection, connect

from niochat.assignment.agent_presence import PresenceStore
from niochat.composition.identity_services import build_identity_services
from niochat.conversations.conversation_queries import ConversationQueries
from niochat.conversations.read_markers import ReadMarkerStore
from niochat.http.live.client_frames import ClientFrameHandler
from niochat.http.live.live_connection import MAX_QUEUED_FRAMES
from niochat.http.live.live_endpoint import LiveEndpoint
from niochat.live.event_log import EventLog
from niochat.live.hub import LiveHub
from niochat.live.screen_counters import ScreenCounters
from niochat.runtime.background_tasks import BackgroundTaskSet
from tests.http.conftest import serve_app
from tests.http.rest.conftest import RestApiFixture, rest_api

__all__ = ["rest_api"]


@dataclass
class LiveFixture:
    """The API, and the sockets beside it."""

    desk: RestApiFixture
    live: LiveEndpoint
    hub: LiveHub
    url: str

    async def create_ticket(self, headers: dict[str, str]) -> str:
        told = await self.desk.http.post("/auth/socket-tickets", headers=headers)
        assert told.status_code == 200, told.text
        return str(told.json()["ticket"])

    @asynccontextmanager
    async def connect_screen(
        self, headers: dict[str, str], **hello: object
    ) -> AsyncIterator[ClientConnection]:
        async with connect(self.url) as socket:
            said = {"type": "hello", "ticket": await self.create_ticket(headers), **hello}
            await socket.send(json.dumps(said))
            yield socket


async def receive_frame(socket: ClientConnection, wanted: str = "") -> dict[str, Any]:
    """The next frame of a type."""
    async with asyncio.timeout(15):
        while True:
            frame: dict[str, Any] = json.loads(await socket.recv())
            if not wanted or frame["type"] == wanted:
                return frame


@pytest_asyncio.fixture
async def live_fixture(rest_api: RestApiFixture) -> AsyncIterator[LiveFixture]:
    async with open_live_fixture(rest_api) as here:
        yield here


@asynccontextmanager
async def open_live_fixture(
    rest_api: RestApiFixture, line: int = MAX_QUEUED_FRAMES
) -> AsyncIterator[LiveFixture]:
    """``line`` frames may wait for one screen."""
    access = build_identity_services(
        rest_api.house.database, rest_api.house.vault, "https://d.example.com", "n@x.y"
    )
    database = rest_api.house.database
    hub = LiveHub(EventLog(database), ScreenCounters(database))

    async def say(words: bytes) -> None:
        hub.receive_envelope(words)

    gestures = ClientFrameHandler(
        ConversationQueries(database).get_conversation,
        ReadMarkerStore(database).mark_read,
        say,
        access.audit_log.write_entry,
    )
    presences = PresenceStore(rest_api.house.database)
    live = LiveEndpoint(
        hub,
        access.authenticator,
        access.socket_tickets,
        gestures,
        "this",
        presences,
        access.audit_log.write_entry,
        line,
    )
    owner = BackgroundTaskSet("tests")
    reading = owner.start(hub.run())
    app = Starlette(routes=[Mount("/", routes=live.routes())])
    async with serve_app(app) as http:
        url = str(http.base_url).replace("http://", "ws://")
        yield LiveFixture(rest_api, live, hub, f"{url}/live")
    reading.cancel()
