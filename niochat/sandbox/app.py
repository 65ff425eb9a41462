"""The sandbox as one ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from niochat.sandbox.accounts import Accounts
from niochat.sandbox.control import Control
from niochat.sandbox.erp_orders import ErpOrders
from niochat.sandbox.gate import FaultGate
from niochat.sandbox.gateway import Gateway
from niochat.sandbox.media import serve_file
from niochat.sandbox.model import Model
from niochat.sandbox.orders import Orders
from niochat.sandbox.page import Page
from niochat.sandbox.rim import Refusal, answer_refusal
from niochat.sandbox.sgp import Sgp
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
        Mount("/sgp", Sgp(world).router()),
        Mount("/sandbox", routes=_control_routes(world)),
    ]
    handlers = {Refusal: answer_refusal}
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)
    return FaultGate(app, world.faults)


def _control_routes(world: World) -> list[BaseRoute]:
    orders = [*Orders(world).routes(), *ErpOrders(world.erps).routes()]
    return [*Control(world).routes(), *orders]
