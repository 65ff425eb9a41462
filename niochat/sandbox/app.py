"""The sandbox as one ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from niochat.sandbox.accounts import Accounts
from niochat.sandbox.control import Control
from niochat.sandbox.gate import FaultGate
from niochat.sandbox.gateway import Gateway
from niochat.sandbox.media import serve_file
from niochat.sandbox.model import Model
from niochat.sandbox.orders import Orders
from niochat.sandbox.page import Page
from niochat.sandbox.rim import Refusal, answer_refusal
from niochat.sandbox.world import World


def create_app(origin: str) -> ASGIApp:
    """A sandbox with an empty world; `origin` is where it is reached, `http://host:port`."""
    world = World(base_url=f"{origin}/gateway")

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        world.courier.open()
        yield
        await world.courier.close()

    files = Route("/files/{name}", serve_file)
    routes = [
        Mount("/gateway", routes=[*Gateway(world).routes(), *Accounts(world).routes(), files]),
        Mount("/model/v1", routes=Model(world).routes()),
        Route("/sandbox", Page(world).show),
        Mount("/sandbox", routes=[*Control(world).routes(), *Orders(world).routes()]),
    ]
    handlers = {Refusal: answer_refusal}
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)
    return FaultGate(app, world.faults)
