"""ASGI servers in this process, on loopback, for the duration of a block."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

_KEEP_ALIVE_S = 75


class _Server(uvicorn.Server):
    """A server that leaves signals to the command that runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serve_app(create_app: Callable[[str], ASGIApp]) -> AsyncIterator[str]:
    """Serve the application that ``create_app`` builds for the origin; yield
    ``http://127.0.0.1:port``.
    """
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(256)
    origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
    config = uvicorn.Config(
        create_app(origin),
        log_level="error",
        access_log=False,
        ws="none",
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield origin
    finally:
        server.should_exit = True
        await task
        listening.close()
