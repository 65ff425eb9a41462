"""The sandbox as one ASGI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from niochat_sandbox.control.erp_control_api import ErpControlApi
from niochat_sandbox.control.phone_control_api import PhoneControlApi
from niochat_sandbox.control.settings_control_api import SettingsControlApi
from niochat_sandbox.control.status_page import StatusPage
from niochat_sandbox.fault_injection.fault_middleware import FaultMiddleware
from niochat_sandbox.gateway.instance_api import GatewayInstanceApi
from niochat_sandbox.gateway.message_api import GatewayMessageApi
from niochat_sandbox.gateway.placeholder_media import serve_file
from niochat_sandbox.http_json import SandboxApiError, handle_api_error
from niochat_sandbox.sandbox_state import SandboxState
from niochat_sandbox.scripted_model.model_api import ModelApi
from niochat_sandbox.sgp.sgp_api import SgpApi
from niochat_sandbox.smtp_sink import SmtpSink


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
