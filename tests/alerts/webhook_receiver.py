"""The server of a provider that is told of alerts by webhook."""

import base64
import hashlib
import hmac
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class WebhookReceiver:
    """``statuses`` are used up first; then everything is accepted."""

    url: str = ""
    statuses: deque[int] = field(default_factory=deque)
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append((headers, await request.read()))
        return web.Response(status=self.statuses.popleft() if self.statuses else 200)

    def documents(self, secret: str) -> list[dict[str, Any]]:
        """What arrived, with valid signatures only."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        found = []
        for headers, body in self.requests:
            signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
            digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
            assert headers["webhook-signature"] == f"v1,{digest}"
            found.append(json.loads(body))
        return found


@asynccontextmanager
async def start_webhook_receiver() -> AsyncIterator[WebhookReceiver]:
    """A receiver on loopback."""
    receiver = WebhookReceiver()
    application = web.Application()
    application.router.add_post("/{path:.*}", receiver.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        receiver.url = f"http://127.0.0.1:{port}/alertas"
        yield receiver
    finally:
        await runner.cleanup()
