"""The ASGI application of the sandbox."""

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
    """Create a sandbox with an empty state.

    ``origin``: the sandbox's own address, ``http://host:port``. ``smtp``: host and port of the SMTP
    sink; ``None``: no SMTP.
    """
    state, mailbox = SandboxState(base_url=f"{origin}/gateway"), SmtpSink()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        state.dispatcher.open()
        if smtp is not None:
            await mailbox.open(*smtp)
        yield
        await mailbox.close()
        await state.dispatcher.close()

    files = Route("/files/{name}", serve_file)
    routes = [
        Mount(
            "/gateway",
            routes=[*GatewayMessageApi(state).routes(), *GatewayInstanceApi(state).routes(), files],
        ),
        Mount("/model/v1", routes=ModelApi(state).routes()),
        Route("/sandbox", StatusPage(state).show),
        Mount("/sgp", SgpApi(state).router()),
        Mount("/sandbox", routes=[*_control_routes(state), *mailbox.routes()]),
    ]
    handlers = {SandboxApiError: handle_api_error}
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)
    return FaultMiddleware(app, state.faults)


def _control_routes(state: SandboxState) -> list[BaseRoute]:
    control_routes = [
        *SettingsControlApi(state).routes(),
        *ErpControlApi(state.sgp_installations).routes(),
    ]
    return [*PhoneControlApi(state).routes(), *control_routes]
