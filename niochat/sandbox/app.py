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
from niochat.sandbox.mailbox import Mailbox
from niochat.sandbox.media import serve_file
from niochat.sandbox.model import Model
from niochat.sandbox.orders import Orders
from niochat.sandbox.page import Page
from niochat.sandbox.rim import Refusal, answer_refusal
from niochat.sandbox.sgp import Sgp
from niochat.sandbox.world import World


def create_app(origin: str, smtp: tuple[str, int] | None = None) -> ASGIApp:
    """A sandbox with an empty world; `origin` is where it is reached, `http://host:port`, and
    `smtp` where it takes mail.
    """
    world, mailbox = World(base_url=f"{origin}/gateway"), Mailbox()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        world.courier.open()
        if smtp is not None:
            await mailbox.open(*smtp)
        yield
        await mailbox.close()
        await world.courier.close()

    files = Route("/files/{name}", serve_file)
    routes = [
        Mount("/gateway", routes=[*Gateway(world).routes(), *Accounts(world).routes(), files]),
        Mount("/model/v1", routes=Model(world).routes()),
        Route("/sandbox", Page(world).show),
        Mount("/sgp", Sgp(world).router()),
        Mount("/sandbox", routes=[*_control_routes(world), *mailbox.routes()]),
    ]
    handlers = {Refusal: answer_refusal}
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)
    return FaultGate(app, world.faults)


def _control_routes(world: World) -> list[BaseRoute]:
    orders = [*Orders(world).routes(), *ErpOrders(world.erps).routes()]
    return [*Control(world).routes(), *orders]
