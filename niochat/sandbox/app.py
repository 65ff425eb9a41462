"""The sandbox as one ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from niochat.sandbox.accounts import GatewayInstanceApi
from niochat.sandbox.control import PhoneControlApi
from niochat.sandbox.erp_orders import ErpControlApi
from niochat.sandbox.gate import FaultMiddleware
from niochat.sandbox.gateway import GatewayMessageApi
from niochat.sandbox.mailbox import SmtpSink
from niochat.sandbox.media import serve_file
from niochat.sandbox.model import ModelApi
from niochat.sandbox.orders import SettingsControlApi
from niochat.sandbox.page import StatusPage
from niochat.sandbox.rim import SandboxApiError, handle_api_error
from niochat.sandbox.sgp import SgpApi
from niochat.sandbox.world import SandboxState


def create_app(origin: str, smtp: tuple[str, int] | None = None) -> ASGIApp:
    """A sandbox with an empty world; `origin` is where it is reached, `http://host:port`, and
    `smtp` where it takes mail.
    """
    world, mailbox = SandboxState(base_url=f"{origin}/gateway"), SmtpSink()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        world.dispatcher.open()
        if smtp is not None:
            await mailbox.open(*smtp)
        yield
        await mailbox.close()
        await world.dispatcher.close()

    files = Route("/files/{name}", serve_file)
    routes = [
        Mount(
            "/gateway",
            routes=[*GatewayMessageApi(world).routes(), *GatewayInstanceApi(world).routes(), files],
        ),
        Mount("/model/v1", routes=ModelApi(world).routes()),
        Route("/sandbox", StatusPage(world).show),
        Mount("/sgp", SgpApi(world).router()),
        Mount("/sandbox", routes=[*_control_routes(world), *mailbox.routes()]),
    ]
    handlers = {SandboxApiError: handle_api_error}
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)
    return FaultMiddleware(app, world.faults)


def _control_routes(world: SandboxState) -> list[BaseRoute]:
    orders = [*SettingsControlApi(world).routes(), *ErpControlApi(world.sgp_installations).routes()]
    return [*PhoneControlApi(world).routes(), *orders]
